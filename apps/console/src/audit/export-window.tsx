import { type ReactElement, useRef, useState } from "react";
import { explain } from "../explain.ts";
import { fill, useFormats, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
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
        const page: Awaited<ReturnType<typeof auth.api.audit.list.query>> = await auth.api.audit.list.query({
          ...filters,
          limit: 100,
          ...(cursor !== null && { cursor }),
        });
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
        {error !== null && (
          <p className="notice bad" role="alert">
            {explain(error, texts)}
          </p>
        )}
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

function save(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
