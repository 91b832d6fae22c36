import { type ReactElement, useRef, useState } from "react";
import { fillCount, useTexts } from "../language.tsx";
import { Button } from "../parts/button.tsx";
import { Choice } from "../parts/choice.tsx";
import { openFile } from "../parts/file-sink.ts";
import { Fault } from "../parts/state.tsx";
import { Window } from "../parts/window.tsx";
import { type ExportFormat, exportEvents, exportFormats } from "./export-events.ts";
import type { WantedEvents } from "./wanted-events.ts";

interface ExportWindowProps {
  readonly wanted: WantedEvents;
  readonly isOpen: boolean;
  onClose(): void;
}

const formats = Object.entries(exportFormats).map(([id, { name }]) => ({ id, name }));

/** Reads all events that fit, a page after the other, and hands them over as a file. */
export function ExportWindow({ wanted, isOpen, onClose }: ExportWindowProps): ReactElement {
  const texts = useTexts();
  const [format, setFormat] = useState<ExportFormat>("csv");
  const [count, setCount] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);

  async function run(): Promise<void> {
    const own = new AbortController();
    running.current = own;
    const { signal } = own;
    setError(null);
    setCount(0);
    try {
      const file = await openFile({ name: `audit.${format}`, type: exportFormats[format].type });
      if (file) await exportEvents({ wanted, format, file, signal, onWritten: setCount });
      if (signal.aborted) return;
      setCount(null);
      if (file) close();
    } catch (failure) {
      if (signal.aborted) return;
      setCount(null);
      setError(failure);
    }
  }

  function close(): void {
    running.current?.abort();
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
          options={formats}
          value={format}
          onChange={(value) => setFormat(value === "jsonl" ? "jsonl" : "csv")}
        />
        <p role="status" className="hint">
          {count !== null && fillCount(texts.audit.read, count, texts)}
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
