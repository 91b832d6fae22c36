export {
  type EmbeddedConnection,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from "./embedded-postgres.ts";
export { EmbeddedPostgresError } from "./error.ts";
