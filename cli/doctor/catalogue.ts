import type { HttpResponse } from '../../platform/http.ts';
import { type CatalogConnection, connectCatalog } from '../../sinks/purview/config.ts';
import { attention, failed, type Finding, lookAt, ok } from '../finding.ts';
import { sinkOptions } from '../configured-sink.ts';
import type { LoadedConfig } from '../load-config.ts';
import { openLocalCatalog } from '../local-catalog.ts';

/** How far the clocks may be apart, in milliseconds: tokens are refused from some minutes on, and the header has whole seconds. */
const skewMs = 5000;

/** Whether the catalogue answers, as whom this process signs in there, what that may do, and how far its clock is from ours. */
export async function* catalogue(loaded: LoadedConfig, folder: string): AsyncIterable<Finding> {
  const { sink, catalog } = loaded.config;
  const what = `catalogue (${sink.kind})`;
  let close = async (): Promise<void> => undefined;
  try {
    const own =
      sink.kind === 'local' && catalog !== undefined
        ? await openLocalCatalog({ folder, host: '127.0.0.1', port: 0 })
        : undefined;
    close = async () => own?.close();
    const connection = connectCatalog(sink.kind, sinkOptions(loaded, own));
    if (connection === undefined) {
      yield ok(what, 'is none that can be asked');
      return;
    }
    yield await lookAt('identity', async () => ok('identity', await connection.identity()));
    yield* ask(what, connection);
  } catch (thrown) {
    yield await lookAt(what, () => Promise.reject(thrown));
  } finally {
    await close();
  }
}

async function* ask(what: string, connection: CatalogConnection): AsyncIterable<Finding> {
  const sent = Date.now();
  let response: HttpResponse;
  try {
    response = await get(connection);
  } catch (thrown) {
    yield await lookAt(what, () => Promise.reject(thrown));
    return;
  }
  const received = Date.now();
  const detail = `${connection.url} answers ${response.status} within ${received - sent} ms`;
  if (response.status === 401)
    yield failed(what, detail, 'correct user and password, or the identity (docs/purview.md, "Signing in")');
  else if (response.status === 403)
    yield failed(
      what,
      detail,
      'give the identity the role Data Curator on the collection; it takes some minutes to show',
    );
  else if (response.status >= 300) yield failed(what, detail, 'see whether sink.url and sink.path are right');
  else {
    yield ok(what, detail);
    yield await lookAt('rights', () => rights(connection));
  }
  yield clock(response, (sent + received) / 2);
}

function get({ http, query }: CatalogConnection): Promise<HttpResponse> {
  return http.request({ method: 'GET', path: '/types/typedefs/headers', query });
}

/** Writes nothing: a batch of no entities is refused for what it is, unless nothing may be written at all. */
async function rights({ http, query }: CatalogConnection): Promise<Finding> {
  const body = { entities: [] };
  const { status } = await http.request({ method: 'POST', path: '/entity/bulk', query, body });
  if (status === 401 || status === 403)
    return failed(
      'rights',
      `may read types, and is refused (${status}) when it writes`,
      'give the identity the role Data Curator on the collection',
    );
  return ok(
    'rights',
    'may read types, and is not refused when it writes; rights on single collections show with the first delivery',
  );
}

function clock({ headers }: HttpResponse, at: number): Finding {
  const theirs = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return ok('clock', 'the catalogue does not tell its time');
  const apart = at - theirs - 500; // the header is cut to whole seconds
  if (Math.abs(apart) < 1000) return ok('clock', 'within a second of the catalogue');
  const seconds = Math.abs(apart / 1000).toFixed(1);
  const detail = `${seconds} s ${apart < 0 ? 'behind' : 'ahead of'} the catalogue`;
  if (Math.abs(apart) <= skewMs) return ok('clock', detail);
  return attention(
    'clock',
    detail,
    'set the clock of this machine (chrony, systemd-timesyncd): tokens are refused when clocks are minutes apart',
  );
}
