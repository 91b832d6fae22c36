import { withHostAlone } from "@latchkey/auth/internal";
import type { SettingReport } from "@latchkey/server";
import { countHashesAtOnce } from "./auth-options.ts";
import { type Settings, secretSettings, settingNames } from "./environment.ts";
import { findMemoryFault } from "./memory-limit.ts";
import { findServingFault } from "./transport-security.ts";

/** The settings for an administrator to read who may not read the environment: with which of them somebody has set. */
export function reportSettings(settings: Settings): readonly SettingReport[] {
  const secrets = new Set<string>(secretSettings);
  return settingNames.map((name) => {
    const isSecret = secrets.has(name);
    const value = isSecret ? null : writeValue(name, settings[name as keyof Settings]);
    return { name, value, isSet: settings.given.includes(name), isSecret };
  });
}

/** What is a time in seconds. */
const durations = /_(LIFETIME|RETENTION|GRACE|RETRY|TRUST|DELAY|EVERY)$|^REMEMBER_DEVICE$/;

/** Addresses of the service itself, which every token and every link has. */
const ownAddresses: readonly string[] = ["PUBLIC_URL", "TOKEN_ISSUER", "TOKEN_AUDIENCE"];

function writeValue(name: string, value: unknown): string | null {
  if (value === undefined || String(value) === "") return name === "MESSAGES" ? "off" : null;
  if (typeof value === "number" && durations.test(name)) return writeDuration(value);
  if (typeof value === "number" && name === "ACCESS_LOG") return `1/${value}`;
  return toTexts(name, value).join(", ");
}

/** A value, or those of a list, in texts without what lets one in anywhere. */
function toTexts(name: string, value: unknown): readonly string[] {
  const texts = [value].flat().map((one) => (one instanceof Date ? one.toISOString() : String(one)));
  return ownAddresses.includes(name) ? texts : texts.map(withHostAlone);
}

function writeDuration(seconds: number): string {
  const [unit = "s", size = 1] = [["d", 86_400] as const, ["h", 3_600] as const, ["m", 60] as const].find(
    ([, size]) => seconds > 0 && seconds % size === 0,
  ) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

/** The settings for a person to read, secrets left out, and of addresses all but the host: what is printed is passed on. */
export function describeSettings(settings: Settings): Record<string, string> {
  const secrets = new Set<string>(secretSettings);
  const entries = settingNames.map((name) => {
    const value = settings[name as keyof Settings];
    if (value === undefined) return [name, "(not set)"];
    if (name === "MESSAGES") return [name, String(value) || "off"];
    if (secrets.has(name)) return [name, String(value) === "" ? "(not set)" : "(set, not shown)"];
    return [name, toTexts(name, value).join(",")];
  });
  return Object.fromEntries(entries);
}

/** What works until something happens, a line each. */
export function findDangers(settings: Settings): readonly string[] {
  return [findServingFault(settings), findMemoryFault(settings, countHashesAtOnce(settings))].filter(
    (line) => line !== null,
  );
}

/** What may be meant as it is, and costs something or is asked for otherwise by a standard, a line each. */
export function findAdvice({ PASSWORD_MIN_LENGTH, SECOND_FACTOR, SESSION_IDLE_LIFETIME }: Settings): readonly string[] {
  const isShort = SECOND_FACTOR !== "all" && PASSWORD_MIN_LENGTH < 15;
  return [
    ...(isShort
      ? [
          "NIST SP 800-63B-4 asks for 15 characters where a password is the only factor: set PASSWORD_MIN_LENGTH=15, or SECOND_FACTOR=all",
        ]
      : []),
    ...(SESSION_IDLE_LIFETIME < changesWait
      ? [
          "A change of a number or address waits 72 hours and ends with the session that asked for it: with SESSION_LIFETIME or SESSION_IDLE_LIFETIME under 73h it may never be done",
        ]
      : []),
  ];
}

/** Seconds after which a change that waits is done at the latest, in most cases. */
const changesWait = 73 * 3_600;
