import { StreamError, messageOf } from '../pipeline/errors.ts';
import { exitCodes, print } from './output.ts';

/** One line of `doctor` and `status`: what was looked at, what was seen, and what to do about it. */
export interface Finding {
  readonly what: string;
  /** attention: it works, and a person should look. failed: it does not work. */
  readonly state: 'ok' | 'attention' | 'failed';
  readonly detail: string;
  /** What to do next; null where all is well. */
  readonly next: string | null;
}

/** Something that is as it should be. */
export function ok(what: string, detail: string): Finding {
  return { what, state: 'ok', detail, next: null };
}

/** Something that works, and that a person should look at. */
export function attention(what: string, detail: string, next: string): Finding {
  return { what, state: 'attention', detail, next };
}

/** Something that does not work. */
export function failed(what: string, detail: string, next: string): Finding {
  return { what, state: 'failed', detail, next };
}

/** A failure as a finding: its message, and what its code asks for. */
function failure(what: string, thrown: unknown): Finding {
  const code = thrown instanceof StreamError ? thrown.code : undefined;
  const next = code === undefined ? 'see the message' : `see ${code} in docs/errors.md`;
  return failed(what, messageOf(thrown), next);
}

/** Looks at something; what is thrown becomes a finding. */
export async function lookAt(what: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (thrown) {
    return failure(what, thrown);
  }
}

/** Prints findings as they come, and resolves with the exit code: 0 all is well, 1 something does not work, 3 a person should look. */
export async function printFindings(
  findings: AsyncIterable<Finding> | Iterable<Finding>,
  json: boolean,
): Promise<number> {
  let code: number = exitCodes.done;
  for await (const finding of findings) {
    print(json ? JSON.stringify(finding) : textOf(finding));
    if (finding.state === 'failed') code = exitCodes.failed;
    else if (finding.state === 'attention' && code === exitCodes.done) code = exitCodes.partly;
  }
  return code;
}

function textOf({ what, detail, next }: Finding): string {
  return `${what}: ${detail.replace(/\.$/u, '')}${next === null ? ': ok' : ` → ${next}`}`;
}
