import { describe, expect, it } from "vitest";
import { knownSeries, readExpression } from "./expression.ts";

describe("reading an expression", () => {
  it("finds its series, their labels, and the labels it groups by", () => {
    const text = `sum by (le, a) (rate(some_bucket{b="1", c=~"x|y"}[5m])) / on (d) group_left (e) other:metric offset 5m`;

    const { errors, selectors, grouping } = readExpression(text);

    expect(errors).toEqual([]);
    expect(selectors).toEqual([
      { metric: "some_bucket", labels: ["b", "c"] },
      { metric: "other:metric", labels: [] },
    ]);
    expect(grouping).toEqual(["le", "a", "d", "e"]);
  });

  it.each(["sum(rate(a[5m])", "rate(a[5m)", `a{b="c}`, "a{b=c}", "sum by a (b)", "1 +"])(
    "sees that %s is none",
    (text) => {
      expect(readExpression(text).errors).not.toEqual([]);
    },
  );
});

describe("the known series", () => {
  it("carry the labels of the contract, as Prometheus names them", () => {
    const labels = knownSeries().get("spanbus_deliveries_total");

    expect(labels).toEqual(
      expect.arrayContaining([
        "service_name",
        "messaging_destination_name",
        "messaging_destination_subscription_name",
        "spanbus_delivery_outcome",
        "spanbus_delivery_disposition",
        "spanbus_delivery_reason",
      ]),
    );
    expect(labels).not.toContain("le");
  });

  it("know no destination where the contract says so", () => {
    expect(knownSeries().get("spanbus_telemetry_queue_size")).not.toContain("messaging_destination_name");
  });
});
