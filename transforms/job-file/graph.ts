import type { JobFile, JobNode, Warning } from '../../schemas/types.ts';
import { StreamError } from '../../pipeline/errors.ts';

/** The steps of a job with their dependencies resolved. */
export interface JobGraph {
  /** Every step after those that it depends on; independent ones by id, so that the order in the file does not show. */
  readonly ordered: readonly JobNode[];
  /** The steps that a step depends on and that exist, by id, sorted. */
  readonly upstream: ReadonlyMap<string, readonly string[]>;
  /** Steps that other steps depend on. */
  readonly used: ReadonlySet<string>;
  /** Steps that depend, themselves or by what is before them, on one that does not exist. */
  readonly dangling: ReadonlySet<string>;
  readonly warnings: readonly Warning[];
}

/** Orders the steps of a job. A step that does not exist is a warning. Throws EVENT_INVALID when steps go round in a circle. */
export function orderSteps(job: JobFile): JobGraph {
  const nodes = new Map(job.nodes.map((node) => [node.id, node]));
  const upstream = new Map<string, readonly string[]>();
  const warnings: Warning[] = [];
  const dangling = new Set<string>();
  for (const node of job.nodes) {
    const named = [...new Set(node.dependsOn)].sort();
    upstream.set(
      node.id,
      named.filter((id) => nodes.has(id)),
    );
    for (const id of named) {
      if (nodes.has(id)) continue;
      dangling.add(node.id);
      warnings.push({
        code: 'dangling-step',
        location: `${job.file}:${node.line}`,
        message: `The step ${node.id} depends on the step ${id}, which is not in the file.`,
      });
    }
  }
  const ordered = sortSteps(job, nodes, upstream);
  for (const node of ordered) {
    if ((upstream.get(node.id) ?? []).some((id) => dangling.has(id))) dangling.add(node.id);
  }
  return { ordered, upstream, used: new Set([...upstream.values()].flat()), dangling, warnings };
}

/** Kahn's algorithm in rounds: a step comes in the round after the last of those that it depends on. */
function sortSteps(
  job: JobFile,
  nodes: ReadonlyMap<string, JobNode>,
  upstream: ReadonlyMap<string, readonly string[]>,
): readonly JobNode[] {
  const waiting = new Map([...upstream].map(([id, before]) => [id, before.length]));
  const downstream = new Map<string, string[]>();
  for (const [id, before] of upstream) {
    for (const other of before) {
      const list = downstream.get(other);
      if (list === undefined) downstream.set(other, [id]);
      else list.push(id);
    }
  }
  const ordered: JobNode[] = [];
  let round = [...waiting].flatMap(([id, count]) => (count === 0 ? [id] : []));
  while (round.length > 0) {
    const next: string[] = [];
    for (const id of round.sort()) {
      const node = nodes.get(id);
      if (node !== undefined) ordered.push(node);
      waiting.delete(id);
      for (const after of downstream.get(id) ?? []) {
        const left = (waiting.get(after) ?? 0) - 1;
        waiting.set(after, left);
        if (left === 0) next.push(after);
      }
    }
    round = next;
  }
  if (waiting.size > 0) throw circle(job, waiting, upstream);
  return ordered;
}

function circle(
  job: JobFile,
  waiting: ReadonlyMap<string, number>,
  upstream: ReadonlyMap<string, readonly string[]>,
): StreamError {
  // Going back from any step that is left over stays among the left over, and so comes round.
  const trail = new Set<string>();
  let id = [...waiting.keys()].sort()[0];
  while (id !== undefined && !trail.has(id)) {
    trail.add(id);
    id = upstream.get(id)?.find((before) => waiting.has(before));
  }
  const ids = [...trail];
  const members = ids.slice(id === undefined ? 0 : ids.indexOf(id)).sort();
  const line = Math.min(...job.nodes.filter((node) => members.includes(node.id)).map((node) => node.line));
  const names = members.length > 5 ? `${members.slice(0, 5).join(', ')}, …` : members.join(', ');
  return new StreamError(
    'EVENT_INVALID',
    `${job.file}:${line}: the steps ${names} depend on each other in a circle.`,
    {
      advice: 'Correct dependsOn in the job file.',
    },
  );
}
