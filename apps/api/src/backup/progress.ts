/** Bytes between two lines. */
const step = 4 * 1024 ** 2;

/** Tells a person at a terminal how far a long piece of work is; elsewhere nothing. */
export async function* showProgress(source: AsyncIterable<Buffer>, what: string): AsyncGenerator<Buffer> {
  const { stderr } = process;
  let done = 0;
  let told = 0;
  for await (const bytes of source) {
    done += bytes.length;
    if (stderr.isTTY && done - told >= step) {
      told = done;
      stderr.write(`\r${what}: ${Math.round(done / 1024 ** 2)} MB `);
    }
    yield bytes;
  }
  if (told > 0) stderr.write("\n");
}
