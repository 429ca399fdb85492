/** How a request fails: Atlas's coded errors, its plain faults, and what its JSON reader refuses. */
import { type AtlasCodeName, atlasCodes, formatAtlasText } from '../pipeline/atlas/codes.ts';

/** An error with an Atlas code. It never leaves the catalogue: the HTTP layer turns it into the answer. */
export class AtlasError extends Error {
  override readonly name = 'AtlasError';
  readonly codeName: AtlasCodeName;
  readonly status: number;
  readonly code: string;

  /** @param values what Atlas puts into the places of the message */
  constructor(codeName: AtlasCodeName, ...values: readonly string[]) {
    const entry = atlasCodes[codeName];
    super(formatAtlasText(entry.text, values));
    this.codeName = codeName;
    this.status = entry.status;
    this.code = entry.code;
  }
}

/** Where Atlas runs into an unexpected exception: HTTP 500 with one plain sentence and no code. */
export class AtlasFault extends Error {
  override readonly name = 'AtlasFault';
}

/** What Atlas's JSON reader refuses: HTTP 400 with `{"error": …}` and no code. */
export class AtlasUnreadable extends Error {
  override readonly name = 'AtlasUnreadable';
}

/** Shorthand for the most common failure of an entity write. */
export function invalidInstance(message: string): AtlasError {
  return new AtlasError('INSTANCE_CRUD_INVALID_PARAMS', message);
}

/** Shorthand for a failure of the parameters of a request. */
export function invalidParameters(message: string): AtlasError {
  return new AtlasError('INVALID_PARAMETERS', message);
}
