// tsc emits no .avsc files: the built package reads them beside its code, as the sources do.
import { cp } from 'node:fs/promises';

await cp(new URL('../schemas/avro', import.meta.url), new URL('../dist/schemas/avro', import.meta.url), {
  recursive: true,
});
