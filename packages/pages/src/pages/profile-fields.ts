import type { ProfileDefinition } from "@latchkey/auth";
import { z } from "zod";
import type { Typed } from "../page.ts";

/** A field of a profile as a form has it. */
export interface ProfileField {
  readonly name: string;
  readonly kind: "text" | "number" | "choice" | "yes";
  readonly isNullable: boolean;
  readonly choices: readonly string[];
  readonly maximum: number | undefined;
}

interface Described {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly maxLength?: number;
  readonly anyOf?: readonly Described[];
}

/** The fields that a form can show: texts, numbers, choices, and yes or no. Lists and objects are for programs. */
export function describeFields({ fields }: ProfileDefinition): ProfileField[] {
  return Object.entries(fields).flatMap(([name, schema]) => {
    const field = describeField(name, describe(schema as z.ZodType));
    return field ? [field] : [];
  });
}

const describe = (schema: z.ZodType): Described =>
  z.toJSONSchema(schema, { unrepresentable: "any", io: "input" }) as Described;

function describeField(name: string, described: Described): ProfileField | null {
  const { type, ...rest } = described;
  const written = Array.isArray(type) ? type.map((one: string) => ({ ...rest, type: one })) : [described];
  const options = described.anyOf ?? written;
  const others = options.filter(({ type }) => type !== "null");
  const [only = {}] = others;
  if (others.length !== 1) return null;
  const field = { name, isNullable: others.length < options.length, choices: [], maximum: only.maxLength };
  const choices = (only.enum ?? []).filter((choice) => choice !== null);
  if (choices.length > 0) return { ...field, kind: "choice", choices: choices.map(String) };
  if (only.type === "boolean") return { ...field, kind: "yes" };
  if (only.type === "number" || only.type === "integer") return { ...field, kind: "number" };
  return only.type === "string" ? { ...field, kind: "text" } : null;
}

/** What was typed, as the procedure takes it. */
export function readFields(fields: readonly ProfileField[], typed: Typed): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, readField(field, typed)]));
}

function readField({ name, kind, isNullable }: ProfileField, typed: Typed): unknown {
  if (kind === "yes") return typed.has(name);
  const text = typed.get(name).trim();
  if (text === "") return isNullable ? null : kind === "number" ? undefined : "";
  return kind === "number" ? Number(text) : text;
}
