import { type Catalogue, en } from "./en.ts";

export const hi: Catalogue = en;
