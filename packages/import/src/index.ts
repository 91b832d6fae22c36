export { type ExportOptions, exportToDjango } from "./export-to-django.ts";
export { type ImportAnswer, type ImportOptions, importPeople } from "./import-people.ts";
export type { Credentials, OldBackendOptions } from "./old-backend.ts";
export { SourceError } from "./old-row.ts";
export { type SourceKind, sourceKinds } from "./sources/open-source.ts";
export { type Undone, undoImport } from "./undo-import.ts";
export { type Verified, verifyImport } from "./verify-import.ts";
export { type TriedToken, type VerifiedTokens, verifyTokens } from "./verify-tokens.ts";
