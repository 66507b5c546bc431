import { EventBus } from "spanbus";
import { type Beats, every, type Fault, PaymentError, removeDeadLetters } from "./fault.ts";

/** What {@link manyDeadLetters} publishes; the proof's model lets it promise next to nothing, which dead letters break. */
export const HOPELESS_EVENT = "import.requested";

/** Leaves three dead letters: too few to spend any budget. */
export const fewDeadLetters: Fault = {
  name: "few-dead-letters",
  story: "the first dead letter is told of",
  alerts: ["SpanbusDeadLetters"],
  prepare: () => {
    const bus = new EventBus({ source: "few-dead-letters" });
    let left = 3;
    return leaving(bus, "order.placed", () => left-- > 0);
  },
};

/** Leaves more and more of them. */
export const manyDeadLetters: Fault = {
  name: "many-dead-letters",
  story: "more and more dead letters are told of",
  alerts: ["SpanbusDeadLettersGrowing", "SpanbusDeadLetters"],
  prepare: () => leaving(new EventBus({ source: "many-dead-letters" }), HOPELESS_EVENT, () => true),
};

/** Has room for two and leaves four, once; what is held is removed before anybody sees it. */
export const evictedDeadLetters: Fault = {
  name: "evicted-dead-letters",
  story: "dead letters that are pushed out are told of",
  alerts: ["SpanbusDeadLettersEvicted"],
  prepare: () => {
    const bus = new EventBus({ source: "evicted-dead-letters", deadLetters: { capacity: 2 } });
    const beats = leaving(bus, "order.placed", () => false);
    let isDone = false;
    const evict = async (): Promise<void> => {
      if (isDone) return;
      isDone = true;
      for (let i = 0; i < 4; i++) await bus.publish("order.placed", "bad");
      removeDeadLetters(bus);
    };
    return { ...beats, broken: () => [beats.well(), evict()] };
  },
};

/** A handler that fails while `isFailing` says so; its dead letters stay until the fault is gone. */
function leaving(bus: EventBus, name: string, isFailing: () => boolean): Beats {
  bus.subscribe(
    name,
    (event) => {
      if (event.data === "bad") throw new PaymentError("no credit");
    },
    { name: "billing" },
  );
  const well = () => bus.publish(name);
  const fail = every(4, () => (isFailing() ? bus.publish(name, "bad") : undefined));
  return {
    buses: [bus],
    well,
    broken: () => [well(), fail()],
    mend: () => removeDeadLetters(bus),
  };
}
