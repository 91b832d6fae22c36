import { z } from "zod";
import type { Schema } from "./document.ts";
import type { Procedure } from "./service.ts";

export interface Input {
  readonly schema: Schema;
  /** Whether a call without any is refused. */
  readonly isRequired: boolean;
}

/** What a procedure takes, with every bound that zod knows of; null for nothing. */
export function readInput({ input }: Procedure): Input | null {
  if (!input) return null;
  const { $schema: _, default: __, ...schema } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  return { schema: schema as Schema, isRequired: !input.safeParse(undefined).success };
}
