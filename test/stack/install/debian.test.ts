import { describe, expect, it } from "vitest";
import { mirrorOf } from "../../../scripts/stack/debian.ts";

describe("the Debian mirror", () => {
  it("is the one of the system's own sources, in either form", () => {
    const list = "# comment\ndeb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian bookworm main\n";
    const stanza = "Types: deb\nURIs: http://mirror.example:3142/debian/\nSuites: bookworm\n";

    expect(mirrorOf(list)).toBe("https://mirror.example/debian");
    expect(mirrorOf(stanza)).toBe("http://mirror.example:3142/debian");
    expect(mirrorOf("deb http://mirror.example/debian trixie main")).toBe("http://mirror.example/debian");
  });

  it("is none of security updates, other packages, sources or what is commented out", () => {
    const others = [
      "deb http://security.example/debian-security bookworm-security main",
      "deb https://packages.example/apt stable main",
      "deb-src http://mirror.example/debian bookworm main",
      "# deb http://mirror.example/debian bookworm main",
    ];

    expect(others.map(mirrorOf)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
