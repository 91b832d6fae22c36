/** An object of Kubernetes, as a file of YAML has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What `kubernetes-models` makes of a manifest: it throws what the schema of its kind says against it. */
type Model = new (manifest: Manifest) => { validate(): void };

/** What Kubernetes would refuse in a manifest, as it does by default: what its own schemas say of fields, and fields that no schema has. */
export async function findManifestFaults(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest;
  const models: Readonly<Record<string, Model>> = await import(`kubernetes-models/${apiVersion}/${kind}`).catch(
    () => ({}),
  );
  const Kind = models[kind];
  if (!Kind) return [`There is no ${kind} in ${apiVersion}`];
  const model = new Kind(manifest);
  const read = new Set<string>();
  const faults: string[] = [];
  try {
    model.validate.call(noteReads(model, "", read));
  } catch (error) {
    faults.push(String(error));
  }
  return [...faults, ...findUnread(manifest, "", read).map((path) => `${path} is unknown`)];
}

/** The schemas say nothing against fields that they do not have. A field that was never looked at is one. */
function noteReads<Value>(value: Value, path: string, read: Set<string>): Value {
  if (!isObject(value)) return value;
  return new Proxy(value, {
    get(target, key) {
      const at = `${path}/${String(key)}`;
      read.add(at);
      return noteReads(Reflect.get(target, key), at, read);
    },
  });
}

function findUnread(value: unknown, path: string, read: ReadonlySet<string>): string[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = `${path}/${key}`;
    return read.has(at) ? findUnread(inner, at, read) : [at];
  });
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
