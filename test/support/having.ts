import type { Transport } from '../../pipeline/transport.ts';

/** A transport of which some is done otherwise. */
export function having(inner: Transport, other: Partial<Transport>): Transport {
  return new Proxy(inner, {
    get: (target, name) => {
      const found: unknown = Reflect.get(name in other ? other : target, name);
      return typeof found === 'function' ? (found.bind(target) as unknown) : found;
    },
  });
}
