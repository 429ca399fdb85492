/** A double of a registry with the interface of Confluent on the wire, by its documentation ("Schema Registry API Reference"), as far as events need it. */
import { z } from 'zod';
import { sendJson, startServer, type TestServer } from './http-server.ts';

/** One that runs. */
export interface ConfluentDouble {
  readonly server: TestServer;
  /** Answers with this status while it is set; 0 is a connection that breaks. */
  down: number | undefined;
}

const posted = z.object({ schema: z.string() });

/** Starts one in which every schema that is asked for has been registered. */
export async function startConfluentDouble(): Promise<ConfluentDouble> {
  const schemas: string[] = [];
  const double = { down: undefined as number | undefined };
  const server = await startServer(({ method, url, body }, response) => {
    if (double.down === 0) return response.destroy();
    if (double.down !== undefined)
      return sendJson(response, double.down, { error_code: 50_001, message: 'Error in the backend.' });
    if (method === 'POST' && url.startsWith('/subjects/')) {
      const { schema } = posted.parse(JSON.parse(body));
      if (!schemas.includes(schema)) schemas.push(schema);
      return sendJson(response, 200, { id: schemas.indexOf(schema) + 1 });
    }
    const schema = schemas[Number(/^\/schemas\/ids\/(\d+)$/u.exec(url)?.[1] ?? 0) - 1];
    if (schema !== undefined) return sendJson(response, 200, { schema });
    return sendJson(response, 404, { error_code: 40_403, message: 'Schema not found.' });
  });
  return Object.assign(double, { server });
}
