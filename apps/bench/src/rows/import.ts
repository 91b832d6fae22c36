import { makeCrowd } from "@latchkey/import/testing/crowd";
import pg from "pg";
import type { Bench } from "../bench.ts";
import type { ImportingAnswers } from "../importing/process.ts";
import { compare } from "../measurement.ts";
import { databaseUrl } from "../service/service.ts";
import type { Row } from "./row.ts";

/** People a second that come over on two cores. */
const promised = 3_000;

/** Everybody of another system who comes over, each with all that is checked and kept of them: how many a second, and in how much memory. */
export const importing: Row = {
  name: "import",
  async measure(bench) {
    const people = bench.sizes.imported;
    const source = await fillSource(bench, people);
    const connection = await bench.places.empty("imported");
    const child = await bench.processes.start<ImportingAnswers>("importing/process.ts");
    const imported = await child.ask("run", { source, connection, secret: bench.secret, people });
    await child.stop();
    const parts = Object.entries(imported.parts).map(([part, seconds]) => `${part} done after ${seconds.toFixed(0)} s`);
    const steps = imported.steps.map(
      ({ accounts, seconds }) => `${accounts.toLocaleString("en")} by ${seconds.toFixed(0)} s`,
    );
    const spent = `${((imported.processor * 1e6) / people).toFixed(0)} µs of the importing process for each`;
    const row = "import";
    const count = people.toLocaleString("en");
    const rate = {
      row,
      what: `people a second, ${count} from a Django in PostgreSQL, against ${promised.toLocaleString("en")}`,
      unit: "people/s",
      target: { atLeast: 1 },
      note: ["one pass", ...parts, `accounts: ${steps.join(", ")}`, spent].join("; "),
    } as const;
    const memory = {
      row,
      what: `most memory of the process while ${count} come over, against while a tenth of them is read`,
      unit: "MB",
      target: { atMost: 1.5 },
      note: "one pass",
    } as const;
    return [
      compare(rate, { measured: [imported.perSecond], reference: [promised] }, (figure) => figure),
      compare(memory, { measured: [imported.greatest], reference: [imported.early] }, (bytes) => bytes / 1e6),
    ];
  },
};

async function fillSource(bench: Bench, people: number): Promise<string> {
  bench.say(`fills the database of another system: ${people.toLocaleString("en")} people`);
  const connection = await bench.places.empty("old");
  const client = new pg.Client(connection);
  await client.connect();
  try {
    await makeCrowd(async (statement) => void (await client.query(statement)), people);
    await client.query("analyze");
  } finally {
    await client.end();
  }
  return databaseUrl(connection);
}
