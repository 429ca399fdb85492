/** Replays recorded requests against a server with Atlas's interface and compares the answers. */
import { Agent, request } from 'node:http';
import {
  isObject,
  javaText,
  jsonObject,
  type JsonObject,
  type JsonValue,
  own,
  ownList,
  ownObject,
  ownText,
  parseJson,
  toJson,
} from '../catalog/json.ts';
import { StreamError } from '../pipeline/errors.ts';
import { canonicalAnswer, diffAnswers, Normalizer } from './conformance-compare.ts';

/** The verdict on one case; without differences it agrees. */
export interface CaseResult {
  readonly id: string;
  readonly group: string;
  readonly note: string;
  readonly differences: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const unreserved = /[A-Za-z0-9_.~-]/;

/** Percent-encodes all but unreserved characters and those in `safe`. */
function quote(text: string, safe: string): string {
  return Array.from(text)
    .map((char) => (unreserved.test(char) || safe.includes(char) ? char : encodeURIComponent(char)))
    .join('')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** One value of an answer: a path of keys, indexes and `[field=value]`, parted by slashes. */
function pick(body: JsonValue, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = body;
  for (const part of path.split('/')) {
    const [, field, wanted] = /^\[(\w+)=(.*)\]$/.exec(part) ?? [];
    if (Array.isArray(value)) {
      value =
        field === undefined
          ? value[Number(part)]
          : value.find((item) => isObject(item) && javaText(own(item, field)) === wanted);
    } else value = isObject(value) ? own(value, part) : undefined;
  }
  return value;
}

/**
 * The recorder cut long texts. They consist of one repeated character, a round number of times; what is beyond that was the
 * variable that makes names unique.
 */
function wholeText(char: string, length: number): string {
  const unique = '@${R}';
  const isNamed = (length - unique.length) % 1000 === 0;
  return isNamed ? char.repeat(length - unique.length) + unique : char.repeat(length);
}

class Replay {
  readonly #base: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #variables = new Map<string, JsonValue>();
  readonly #normalizer: Normalizer;

  constructor(base: string, token: string) {
    this.#base = new URL(base);
    this.#variables.set('R', token);
    this.#normalizer = new Normalizer(token);
  }

  #text(text: string): string {
    const whole = text.replace(/^(.)\1{59}\.\.\.<length (\d+)>$/, (_all, char: string, length: string) =>
      wholeText(char, Number(length)),
    );
    return whole.replace(/\$\{(\w+)\}/g, (place, name: string) => {
      const value = this.#variables.get(name);
      return value === undefined ? place : javaText(value);
    });
  }

  #fill(value: JsonValue): JsonValue {
    if (typeof value === 'string') {
      const whole = /^\$\{(\w+)\}$/.exec(value)?.[1];
      return (whole === undefined ? undefined : this.#variables.get(whole)) ?? this.#text(value);
    }
    if (Array.isArray(value)) return value.map((item) => this.#fill(item));
    if (!isObject(value)) return value;
    const copy = jsonObject();
    for (const [key, item] of Object.entries(value)) copy[this.#text(key)] = this.#fill(item ?? null);
    return copy;
  }

  #path(sent: JsonObject): string {
    const path = quote(this.#text(ownText(sent, 'path') ?? ''), '/:%');
    const full = path.startsWith('//')
      ? path.slice(1)
      : path.startsWith('/api/')
        ? path
        : `/api/atlas${path}`;
    const query = own(sent, 'query');
    const pairs = Array.isArray(query)
      ? query.map((pair): [JsonValue, JsonValue] =>
          Array.isArray(pair) ? [pair[0] ?? '', pair[1] ?? ''] : ['', ''],
        )
      : Object.entries(isObject(query) ? query : {}).map(([key, value]): [JsonValue, JsonValue] => [
          key,
          value ?? '',
        ]);
    if (pairs.length === 0) return full;
    const text = (value: JsonValue): string => this.#text(typeof value === 'string' ? value : toJson(value));
    return `${full}?${pairs.map(([key, value]) => `${quote(text(key), ':')}=${quote(text(value), '')}`).join('&')}`;
  }

  #outgoing(sent: JsonObject): Outgoing {
    const headers = new Map([
      ['Accept', 'application/json'],
      ['User-Agent', 'conformance/1'],
    ]);
    const auth = ownText(sent, 'auth') ?? 'admin:admin';
    if (auth !== 'none') headers.set('Authorization', `Basic ${Buffer.from(auth).toString('base64')}`);
    const raw = ownText(sent, 'raw');
    const content = own(sent, 'body');
    const body =
      raw === undefined ? (content === undefined ? undefined : toJson(this.#fill(content))) : this.#text(raw);
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    for (const [name, value] of Object.entries(ownObject(sent, 'headers') ?? {})) {
      if (typeof value === 'string') headers.set(name, value);
      else headers.delete(name);
    }
    const method = ownText(sent, 'method') ?? 'GET';
    if (body !== undefined || method === 'POST' || method === 'PUT') {
      headers.set('Content-Length', String(Buffer.byteLength(body ?? '')));
    }
    return { method, path: this.#path(sent), headers: Object.fromEntries(headers), body };
  }

  #send({ method, path, headers, body }: Outgoing): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#base;
      const call = request({ agent: this.#agent, hostname, port, method, path, headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') });
        });
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  /** Sends one case, keeps what later ones need, and compares. */
  async run(recorded: JsonObject): Promise<CaseResult> {
    const answer = await this.#send(this.#outgoing(ownObject(recorded, 'request') ?? jsonObject()));
    const body = parseWhole(answer.text);
    for (const [name, path] of Object.entries(ownObject(recorded, 'save') ?? {})) {
      const value = body === undefined || typeof path !== 'string' ? undefined : pick(body, path);
      if (value !== undefined && value !== null) this.#variables.set(name, value);
    }
    const wanted = ownObject(recorded, 'response');
    const differences: string[] = [];
    const status = Number(own(wanted, 'status'));
    if (status !== answer.status) differences.push(`status: ${status} != ${answer.status}`);
    if (ownText(recorded, 'compare') !== 'status') {
      const ours = this.#normalizer.value(body ?? answer.text);
      differences.push(...diffAnswers(canonicalAnswer(own(wanted, 'body') ?? null), canonicalAnswer(ours)));
    }
    const [id = '', group = '', note = ''] = ['id', 'group', 'note'].map((key) => ownText(recorded, key));
    return { id, group, note, differences };
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The text as JSON where all of it is JSON; undefined otherwise. */
function parseWhole(text: string): JsonValue | undefined {
  try {
    JSON.parse(text);
  } catch {
    // Atlas's plain sentences are not JSON and are compared as text.
    return undefined;
  }
  return parseJson(text, true);
}

/**
 * Replays every case in order (later ones use what earlier ones made).
 * @param recordings the text of a recordings file
 * @param base where the server listens
 * @throws StreamError SOURCE_INVALID when the file is not one of recordings
 */
export async function replay(recordings: string, base: string): Promise<CaseResult[]> {
  const file = parseJson(recordings, true);
  const cases = isObject(file) ? ownList(file, 'cases').filter(isObject) : [];
  if (cases.length === 0) throw new StreamError('SOURCE_INVALID', 'The recordings hold no cases.');
  const run = new Replay(base, `r${Date.now().toString(36)}`);
  const results: CaseResult[] = [];
  try {
    for (const recorded of cases) results.push(await run.run(recorded));
  } finally {
    run.close();
  }
  return results;
}
