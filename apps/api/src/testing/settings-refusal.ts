import { StartError } from "@latchkey/auth";
import { parseSettings } from "../environment.ts";

/** A secret as it should be. */
export const strongSecret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";

/** The lines with which a start is refused that has these variables. */
export function refusalOf(variables: Record<string, string>): string[] {
  try {
    parseSettings(variables);
  } catch (error) {
    if (error instanceof StartError) return error.message.split("\n");
    throw error;
  }
  throw new Error("was not refused");
}
