import type { Configured } from '../configured.ts';
import { type Finding, lookAt, ok } from '../finding.ts';
import { openStateStore } from '../open-state-store.ts';

/** Whether the place of what producers keep answers, where that is one of its own. It makes its tables where they are missing. */
export async function* stateStore({ loaded }: Configured, folder: string): AsyncIterable<Finding> {
  const { kind, dialect } = loaded.config.stateStore;
  if (kind === 'transport' || kind === 'kafka') return; // looked at as the transport
  const what = `state store (${kind === 'sql' ? `sql, ${dialect}` : kind})`;
  yield await lookAt(what, async () => {
    const store = await openStateStore(loaded, folder);
    try {
      const began = Date.now();
      await store?.get('doctor');
      return ok(what, `answers within ${Date.now() - began} ms`);
    } finally {
      await store?.close();
    }
  });
}
