import { isAuthError } from "@latchkey/client";
import { type ReactElement, useRef, useState } from "react";
import { fill, useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { Fault } from "../parts/state.tsx";
import { Window } from "../parts/window.tsx";
import { auth } from "../service.ts";
import { csvHead, toCsv, toJsonLines } from "./export-file.ts";

interface ExportWindowProps {
  readonly filters: { readonly userId?: string; readonly actorId?: string; readonly event?: string };
  readonly isOpen: boolean;
  onClose(): void;
}

const formats = {
  csv: { head: csvHead, write: toCsv, type: "text/csv;charset=utf-8" },
  jsonl: { head: "", write: toJsonLines, type: "application/x-ndjson" },
} as const;

/** Reads all events that fit, a page after the other, and hands them over as a file. */
export function ExportWindow({ filters, isOpen, onClose }: ExportWindowProps): ReactElement {
  const texts = useTexts();
  const { number } = useFormats();
  const [format, setFormat] = useState<keyof typeof formats>("csv");
  const [count, setCount] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef(0);

  async function run(): Promise<void> {
    running.current += 1;
    const own = running.current;
    setError(null);
    setCount(0);
    const { head, write, type } = formats[format];
    const parts: string[] = [head];
    try {
      let [cursor, written]: [string | null, number] = [null, 0];
      do {
        const page = await readPage({ ...filters, limit: 100, ...(cursor !== null && { cursor }) });
        if (own !== running.current) return;
        parts.push(write(page.events));
        written += page.events.length;
        setCount(written);
        cursor = page.nextCursor;
      } while (cursor !== null);
      save(new Blob(parts, { type }), `audit.${format}`);
      close();
    } catch (failure) {
      setCount(null);
      setError(failure);
    }
  }

  function close(): void {
    running.current += 1;
    setCount(null);
    setError(null);
    onClose();
  }

  return (
    <Window title={texts.audit.export} isOpen={isOpen} onClose={close}>
      <div className="stack">
        <p>{texts.audit.exportLead}</p>
        <Choice
          label={texts.audit.format}
          options={[
            { id: "csv", name: "CSV" },
            { id: "jsonl", name: "JSON" },
          ]}
          value={format}
          onChange={(value) => setFormat(value === "jsonl" ? "jsonl" : "csv")}
        />
        <p role="status" className="hint">
          {count !== null && fill(texts.audit.read, { count: number(count) })}
        </p>
        {error !== null && <Fault error={error} />}
        <div className="row end">
          <Button onPress={close}>{texts.cancel}</Button>
          <Button kind="main" isPending={count !== null} onPress={() => void run()}>
            {texts.audit.download}
          </Button>
        </div>
      </div>
    </Window>
  );
}

type Asked = Parameters<typeof auth.api.audit.list.query>[0];
type Page = Awaited<ReturnType<typeof auth.api.audit.list.query>>;

/** One page. Where calls of an administrator are counted and there were too many, it waits for as long as the service says. */
async function readPage(input: Asked): Promise<Page> {
  try {
    return await auth.api.audit.list.query(input);
  } catch (error) {
    if (!isAuthError(error, "rate_limited")) throw error;
    await new Promise((resolve) => setTimeout(resolve, error.data.retryAfter * 1_000));
    return readPage(input);
  }
}

function save(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
