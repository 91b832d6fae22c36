/** Where a file is written to, a piece after the other, so that it is never in the page's memory as a whole. */
export interface FileSink {
  write(text: string): Promise<void>;
  /** Hands the whole file over. */
  close(): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

interface FileToWrite {
  readonly name: string;
  /** Such as `text/csv`. */
  readonly type: string;
}

/** What browsers have that let a page write to a file which somebody chooses. */
interface Picker {
  showSaveFilePicker?(options: { readonly suggestedName: string }): Promise<FileSystemFileHandle>;
}

/**
 * Opens a file: one that somebody chooses, where the browser has that, and otherwise one that it downloads in the end. Call it at once when a
 * button is pressed, since browsers ask for that.
 *
 * @returns null where somebody chose none
 */
export async function openFile(file: FileToWrite): Promise<FileSink | null> {
  const picker = window as Picker;
  if (!picker.showSaveFilePicker) return openDownload(file);
  try {
    const handle = await picker.showSaveFilePicker({ suggestedName: file.name });
    const stream = await handle.createWritable();
    return {
      write: (text) => stream.write(text),
      close: () => stream.close(),
      abort: () => stream.abort(),
    };
  } catch (error) {
    const { name } = error as Partial<DOMException>;
    if (name === "AbortError") return null;
    // Forbidden here, as in a frame or by a policy.
    return openDownload(file);
  }
}

/** Characters of which a part is made: browsers keep parts on the disk where there are many. */
const partSize = 1_000_000;

function openDownload({ name, type }: FileToWrite): FileSink {
  const parts: Blob[] = [];
  let rest: string[] = [];
  let size = 0;
  const flush = () => {
    parts.push(new Blob(rest));
    rest = [];
    size = 0;
  };
  return {
    async write(text) {
      rest.push(text);
      size += text.length;
      if (size >= partSize) flush();
    },
    async close() {
      flush();
      const href = URL.createObjectURL(new Blob(parts, { type }));
      Object.assign(document.createElement("a"), { href, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000);
    },
    async abort() {
      parts.length = 0;
      rest = [];
    },
  };
}
