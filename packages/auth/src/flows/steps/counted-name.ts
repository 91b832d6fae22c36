import type { Identifier } from "../../identifiers/identifier.ts";

/**
 * What an attempt by a name is counted under. A text that nobody can be called is counted as it was typed, apart from every name: one
 * count for all of them would make strangers wait for each other.
 */
export function toCountedName(identifier: Identifier | null, typed: string): string {
  return identifier?.value ?? `\0${typed}`;
}
