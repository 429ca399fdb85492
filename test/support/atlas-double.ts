import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { type Answer, type SeenRequest, sendJson, startServer } from './http-server.ts';

const bulkBody = z.object({
  entities: z.array(
    z.object({
      guid: z.string(),
      typeName: z.string(),
      attributes: z.looseObject({ qualifiedName: z.string() }),
    }),
  ),
});

/** A double that speaks Atlas's wire protocol and answers what a test tells it to. */
export interface AtlasDouble {
  readonly url: string;
  /** Bulk requests so far: the qualifiedNames of each. */
  readonly bulks: readonly (readonly string[])[];
  readonly seen: readonly SeenRequest[];
  /** qualifiedNames of what was written. */
  readonly stored: ReadonlySet<string>;
  /** Answers to the next bulk requests, before it answers by itself again. */
  script(...answers: readonly Answer[]): void;
  /** Answers to every bulk request that `when` is true of. */
  always(when: (names: readonly string[]) => boolean, answer: Answer): void;
  /** What is done to a bulk request as Atlas would. */
  readonly apply: Answer;
  /** Forgets what was written. */
  clear(): void;
  close(): Promise<void>;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startAtlasDouble(): Promise<AtlasDouble> {
  const bulks: string[][] = [];
  const stored = new Set<string>();
  const scripted: Answer[] = [];
  const rules: { readonly when: (names: readonly string[]) => boolean; readonly answer: Answer }[] = [];
  const apply: Answer = (request, response) => {
    const { entities } = bulkBody.parse(JSON.parse(request.body));
    const header = (guid: string, typeName: string) => ({ guid, typeName });
    const CREATE = entities
      .filter(({ attributes }) => !stored.has(attributes.qualifiedName))
      .map(({ attributes, typeName }) => header(`guid:${attributes.qualifiedName}`, typeName));
    for (const { attributes } of entities) stored.add(attributes.qualifiedName);
    sendJson(response, 200, {
      ...(CREATE.length > 0 ? { mutatedEntities: { CREATE } } : {}),
      guidAssignments: Object.fromEntries(
        entities.map((e) => [e.guid, `guid:${e.attributes.qualifiedName}`]),
      ),
    });
  };
  const server = await startServer((request, response) => {
    if (request.url.includes('/types/')) return answerTypes(request, response);
    if (!request.url.includes('/entity/bulk')) return sendJson(response, 200, {});
    const names = bulkBody.parse(JSON.parse(request.body)).entities.map((e) => e.attributes.qualifiedName);
    bulks.push(names);
    const answer = scripted.shift() ?? rules.find(({ when }) => when(names))?.answer ?? apply;
    return answer(request, response);
  });
  return {
    url: server.url,
    seen: server.seen,
    bulks,
    stored,
    apply,
    script: (...answers) => void scripted.push(...answers),
    always: (when, answer) => void rules.push({ when, answer }),
    clear: () => stored.clear(),
    close: () => server.close(),
  };
}

function answerTypes(request: SeenRequest, response: ServerResponse): void {
  if (request.method !== 'GET') return sendJson(response, 200, {});
  return sendJson(response, 404, {
    errorCode: 'ATLAS-404-00-001',
    errorMessage: 'Given typename was invalid',
  });
}

/** An answer with Atlas's error body. */
export function atlasError(
  status: number,
  errorCode: string,
  errorMessage = 'as it is',
  headers: Record<string, string> = {},
): Answer {
  return (_, response) => sendJson(response, status, { errorCode, errorMessage }, headers);
}

/** An answer that is a plain text. */
export function plain(status: number, text: string, headers: Record<string, string> = {}): Answer {
  return (_, response) => response.writeHead(status, headers).end(text);
}
