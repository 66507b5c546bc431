import { type ComposeFile, type ComposeService, isOneShot } from "./compose-file.ts";

/** A rule of hardening: takes one service, returns one sentence per breach. */
type ServiceRule = (service: ComposeService, compose: ComposeFile) => string[];

export const COMPOSE_RULES: Readonly<Record<string, ServiceRule>> = {
  "is pinned to a version": ({ image = "none" }) =>
    /^[a-z0-9./-]+:v?\d+\.\d+\.\d+$/.test(image) ? [] : [`image ${image} names no version`],

  "is reachable from this machine only": ({ ports = [], network_mode }) => [
    ...ports.filter(({ host_ip }) => host_ip !== "127.0.0.1").map(({ target }) => `port ${target} is open to others`),
    ...(network_mode === undefined || network_mode === "none" ? [] : [`network_mode ${network_mode}`]),
  ],

  "has a read-only root": ({ read_only }) => (read_only === true ? [] : ["the root can be written to"]),

  "has no capabilities": (service) => {
    const { cap_drop = [], cap_add = [] } = service;
    const given = cap_add.filter((capability) => !(capability === "CHOWN" && isOneShot(service)));
    return [
      ...(cap_drop.join() === "ALL" ? [] : ["not all capabilities are dropped"]),
      ...given.map((each) => `has capability ${each}`),
    ];
  },

  "cannot gain privileges": ({ security_opt = [], privileged, pid, ipc, devices }) => [
    ...(security_opt.includes("no-new-privileges:true") ? [] : ["may gain privileges"]),
    ...(privileged === undefined || privileged === false ? [] : ["is privileged"]),
    ...(pid === undefined && ipc === undefined && devices === undefined ? [] : ["shares what belongs to the host"]),
  ],

  "runs as a user of its own": (service) => {
    const { user = "", network_mode } = service;
    const [uid = ""] = user.split(":");
    if (isOneShot(service) && network_mode === "none") return [];
    return /^[1-9]\d*$/.test(uid) ? [] : [`runs as user "${user}"`];
  },

  "has limits of memory, processors and processes": ({ deploy }) => {
    const { memory, cpus, pids } = deploy?.resources?.limits ?? {};
    return Object.entries({ memory, cpus, pids }).flatMap(([name, limit]) =>
      limit === undefined || Number.parseFloat(String(limit)) <= 0 ? [`has no limit of ${name}`] : [],
    );
  },

  "is watched, and started again": (service) => {
    if (isOneShot(service)) return [];
    const { healthcheck = {}, restart } = service;
    return [
      ...(healthcheck.disable !== true && healthcheck.test?.[0] === "CMD" && healthcheck.test.length > 1
        ? []
        : ["has no healthcheck"]),
      ...(healthcheck.timeout === undefined ? ["its healthcheck has no timeout"] : []),
      ...(restart === "unless-stopped" ? [] : [`restart is ${restart}`]),
    ];
  },

  "writes to volumes of this file, reads configuration of this repository": ({ volumes = [] }, compose) =>
    volumes.flatMap(({ type, source = "", target, read_only, bind }) => {
      if (type === "volume") return source in (compose.volumes ?? {}) ? [] : [`${target}: no volume ${source}`];
      if (type !== "bind") return [`${target}: a ${type}`];
      return [
        ...(/(^\.|\/)\/?dashboards(\/[a-z]+)+$/.test(source) ? [] : [`${target}: mounts ${source}`]),
        ...(read_only === true ? [] : [`${target} can be written to`]),
        ...(bind?.create_host_path === true || bind === undefined ? [`${target}: makes a missing folder`] : []),
      ];
    }),

  "has scratch space that is bounded and runs nothing": ({ tmpfs = [] }) =>
    tmpfs.flatMap((each) =>
      ["size=", "noexec", "nosuid", "nodev"].filter((option) => !each.includes(option)).map((o) => `${each}: no ${o}`),
    ),

  "keeps its own log small": ({ logging }) => {
    const { options = {} } = logging ?? {};
    return ["max-size", "max-file"].filter((option) => !(option in options)).map((option) => `log: no ${option}`);
  },

  "holds no password": ({ environment = {}, command }) => {
    const named = Object.keys(environment).filter((name) => /PASSW|SECRET(?!URITY)|TOKEN|CREDENTIAL|_KEY$/i.test(name));
    const given = (command ?? []).filter((argument) => /passw|secret|token|credential/i.test(argument));
    return [...named, ...given].map((each) => `${each} is a secret`);
  },
};

/** What must hold of single services: a breach is a sentence. */
export const SETTING_RULES: Readonly<Record<string, (compose: ComposeFile) => string[]>> = {
  "Prometheus takes OTLP, and forgets by age and by size": ({ services }) =>
    missingArguments(services.prometheus, [
      /^--web\.enable-otlp-receiver$/,
      /^--enable-feature=.*\bexemplar-storage\b/,
      /^--storage\.tsdb\.retention\.time=\d+d$/,
      /^--storage\.tsdb\.retention\.size=\d+GB$/,
    ]),

  "Prometheus cannot be stopped, reloaded or emptied over HTTP": ({ services }) =>
    (services.prometheus?.command ?? []).filter((each) => /enable-(lifecycle|admin-api|remote-write)/.test(each)),

  "Alertmanager forgets, and gossips with nobody": ({ services }) =>
    missingArguments(services.alertmanager, [/^--data\.retention=\d+h$/, /^--cluster\.listen-address=$/]),

  "nobody logs in to Grafana, and nobody is its administrator": ({ services }) =>
    wrongSettings(services.grafana, {
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
      GF_AUTH_ANONYMOUS_ENABLED: "true",
      GF_AUTH_ANONYMOUS_ORG_ROLE: "Editor",
      GF_AUTH_BASIC_ENABLED: "false",
      GF_AUTH_DISABLE_LOGIN_FORM: "true",
      GF_USERS_ALLOW_SIGN_UP: "false",
    }),

  "Grafana calls nobody, and installs nothing": ({ services }) =>
    wrongSettings(services.grafana, {
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      GF_NEWS_NEWS_FEED_ENABLED: "false",
      GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
      GF_PLUGINS_PREINSTALL_DISABLED: "true",
      GF_SECURITY_DISABLE_GRAVATAR: "true",
      GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
    }),
};

function missingArguments(service: ComposeService | undefined, patterns: readonly RegExp[]): string[] {
  const given = service?.command ?? [];
  return patterns.filter((pattern) => !given.some((each) => pattern.test(each))).map((each) => `no ${each.source}`);
}

function wrongSettings(service: ComposeService | undefined, settings: Readonly<Record<string, string>>): string[] {
  const given = service?.environment ?? {};
  return Object.entries(settings).flatMap(([name, value]) =>
    given[name] === value ? [] : [`${name} is ${given[name] ?? "not set"}`],
  );
}
