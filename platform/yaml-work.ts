import { type Document, parseAllDocuments } from 'yaml';
import { messageOf, StreamError } from '../pipeline/errors.ts';

/** A YAML text that somebody else wrote. */
export interface YamlText {
  readonly text: string;
  /** Named in errors. */
  readonly file: string;
}

const longestJson = 32_000_000;

/** The documents of a text as plain JSON; what the thread runs. Throws SOURCE_INVALID or SOURCE_LIMIT. */
export function work({ text, file }: YamlText): readonly unknown[] {
  // A pretty error quotes the file, which may hold a password.
  const documents = parseAllDocuments(text, { prettyErrors: false, uniqueKeys: true, merge: true });
  return [...documents].map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      const line = text.slice(0, problem.pos[0]).split('\n').length;
      const tooDeep = problem.message.includes('call stack');
      throw tooDeep
        ? new StreamError('SOURCE_LIMIT', `${file}:${line} is nested too deep.`)
        : new StreamError('SOURCE_INVALID', `${file}:${line} is not YAML: ${problem.message}`);
    }
    return plain(document, file);
  });
}

/** What the document means, written out: an anchor that holds itself would have no end. */
function plain(document: Document.Parsed, file: string): unknown {
  let json: string | undefined;
  try {
    json = JSON.stringify(document.toJS({ maxAliasCount: 100 }));
  } catch (thrown) {
    const message = messageOf(thrown).split('\n')[0] ?? '';
    throw message.startsWith('Unresolved alias')
      ? new StreamError('SOURCE_INVALID', `${file} is not YAML: ${message}.`)
      : new StreamError('SOURCE_LIMIT', `${file} cannot be written out: ${message}.`);
  }
  if (json !== undefined && json.length > longestJson)
    throw new StreamError('SOURCE_LIMIT', `${file} has more than ${longestJson} characters written out.`);
  return json === undefined ? null : JSON.parse(json);
}
