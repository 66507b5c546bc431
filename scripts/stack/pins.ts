/** What `npm run stack:install` installs; `name` is what {@link stackTool} is asked for. */
export interface ToolPin {
  readonly name: ToolName;
  readonly version: string;
  /** Started once after the install; a tool that does not answer with `version` is not kept. */
  readonly versionArguments: readonly string[];
}

export type ToolName = "promtool" | "alertmanager" | "amtool" | "docker-compose" | "prometheus" | "jaeger";

/** A program out of a Debian package, unpacked without installing it. */
export interface DebianPin extends ToolPin {
  readonly debianPackage: string;
  /** Where the package holds the program. */
  readonly path: string;
}

/** A program built from the Go module that its image is built from. */
export interface GoPin extends ToolPin {
  readonly module: string;
  readonly moduleVersion: string;
  /** The package of the program within the module. */
  readonly program: string;
  readonly tags: readonly string[];
  /** What the linker writes into the program, by variable; `{version}` is the version. */
  readonly variables: Readonly<Record<string, string>>;
  /** Files of a user interface that the module's archive lacks and the build insists on; they are left empty. */
  readonly placeholders: readonly string[];
}

/** Debian suites, newest first: the first that has the pinned upstream version is taken. */
export const DEBIAN_SUITES: readonly string[] = ["forky", "trixie"];

/** Not Alertmanager: Debian's reads its templates from a folder of the system's that only an installed package has. */
export const DEBIAN_PINS: readonly DebianPin[] = [
  {
    name: "promtool",
    version: "3.5.3",
    versionArguments: ["--version"],
    debianPackage: "promtool",
    path: "usr/bin/promtool",
  },
  {
    name: "amtool",
    version: "0.33.1",
    versionArguments: ["--version"],
    debianPackage: "prometheus-alertmanager",
    path: "usr/bin/amtool",
  },
  {
    name: "docker-compose",
    version: "2.40.3",
    versionArguments: ["version"],
    debianPackage: "docker-compose",
    path: "usr/libexec/docker/cli-plugins/docker-compose",
  },
];

const VERSION = { "github.com/prometheus/common/version.Version": "{version}" };

const PROMETHEUS: Omit<GoPin, "name" | "program"> = {
  version: "3.13.1",
  versionArguments: ["--version"],
  module: "github.com/prometheus/prometheus",
  moduleVersion: "v0.313.1",
  // Service discovery of the clouds takes most of the build and nothing of the stack.
  tags: ["remove_all_sd"],
  variables: VERSION,
  placeholders: [],
};

const ALERTMANAGER: GoPin = {
  name: "alertmanager",
  version: "0.33.0",
  versionArguments: ["--version"],
  module: "github.com/prometheus/alertmanager",
  moduleVersion: "v0.33.0",
  program: "./cmd/alertmanager",
  tags: [],
  variables: VERSION,
  placeholders: ["ui/app/dist/index.html"],
};

const JAEGER: Omit<GoPin, "version" | "moduleVersion"> = {
  name: "jaeger",
  versionArguments: ["version"],
  module: "github.com/jaegertracing/jaeger",
  program: "./cmd/jaeger",
  tags: [],
  variables: { "github.com/jaegertracing/jaeger/internal/version.latestVersion": "v{version}" },
  placeholders: [],
};

/**
 * Programs built with Go; each entry is a list of choices, best first: a module proxy need not have every version.
 * Jaeger's v2 tags are no Go versions; a commit's pseudo-version stands for the image's, and v1.76.0, the last tag that
 * is one, for v2.13.0: the same program, released under both numbers.
 */
export const GO_PINS: readonly (readonly GoPin[])[] = [
  [{ ...PROMETHEUS, name: "prometheus", program: "./cmd/prometheus" }],
  [{ ...PROMETHEUS, name: "promtool", program: "./cmd/promtool" }],
  [ALERTMANAGER],
  [
    { ...JAEGER, version: "2.20.0", moduleVersion: "v1.76.1-0.20260720033334-798e4b0fcf22" },
    { ...JAEGER, version: "2.13.0", moduleVersion: "v1.76.0" },
  ],
];
