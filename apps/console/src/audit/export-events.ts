import { isAuthError } from "@latchkey/client";
import type { FileSink } from "../parts/file-sink.ts";
import { auth } from "../service.ts";
import { csvHead, toCsv, toJsonLines } from "./export-file.ts";
import type { WantedEvents } from "./wanted-events.ts";

export const exportFormats = {
  csv: { name: "CSV", head: csvHead, write: toCsv, type: "text/csv;charset=utf-8" },
  jsonl: { name: "JSON", head: "", write: toJsonLines, type: "application/x-ndjson" },
} as const;

export type ExportFormat = keyof typeof exportFormats;

interface Export {
  readonly wanted: WantedEvents;
  readonly format: ExportFormat;
  readonly file: FileSink;
  readonly signal: AbortSignal;
  /** Told how many were written so far. */
  onWritten(count: number): void;
}

/**
 * Writes all events that fit to a file, page after page, of which it holds one at a time. The service asks who is there before the first, and
 * again when that was ten minutes ago. Stopped by the signal, it leaves nothing behind.
 */
export async function exportEvents({ wanted, format, file, signal, onWritten }: Export): Promise<void> {
  const { head, write } = exportFormats[format];
  try {
    await file.write(head);
    let [cursor, written]: [string | null, number] = [null, 0];
    do {
      const page: Page = await readPage({ ...wanted, limit: 1_000, ...(cursor !== null && { cursor }) }, signal);
      await file.write(write(page.events));
      written += page.events.length;
      onWritten(written);
      cursor = page.nextCursor;
    } while (cursor !== null);
  } catch (error) {
    await file.abort();
    throw error;
  }
  await file.close();
}

type Asked = Parameters<typeof auth.api.audit.export.query>[0];
type Page = Awaited<ReturnType<typeof auth.api.audit.export.query>>;

/** One page. Where calls of an administrator are counted and there were too many, it waits for as long as the service says. */
async function readPage(input: Asked, signal: AbortSignal): Promise<Page> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await auth.api.audit.export.query(input, { signal });
    } catch (error) {
      if (!isAuthError(error, "rate_limited")) throw error;
      await wait(error.data.retryAfter * 1_000, signal);
    }
  }
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
