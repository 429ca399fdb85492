import type { Additional, ColumnMapping, JobFile, JobNode, TypedName, Warning } from '../../schemas/types.ts';
import { StreamError } from '../../pipeline/errors.ts';
import { redactText, withoutSignature } from '../../platform/redact.ts';
import { parseXml, type XmlElement } from '../../platform/xml.ts';
import { attributeJson, elementJson } from './element-json.ts';

/** A job file as far as the file itself tells. */
export type ParsedJob = Pick<JobFile, 'name' | 'jobId' | 'nodes' | 'warnings' | 'additional'>;

/** Kinds of steps that the form names. */
const stepKinds: ReadonlySet<string> = new Set(['join', 'projection', 'filter', 'aggregate', 'sink']);

/**
 * Reads a job file: `<job name jobId>` with its `<node>`s. Elements and attributes that the form does not have are kept and
 * reported. Throws SOURCE_INVALID or SOURCE_LIMIT with file and line.
 */
export function readJob(text: string, file: string): ParsedJob {
  const root = parseXml(text, { file });
  if (root.name !== 'job') throw invalid(file, root, `the root element is <${root.name}>, but must be <job>`);
  const reader = new JobReader(file);
  return reader.job(root);
}

function invalid(file: string, element: XmlElement, why: string): StreamError {
  return new StreamError('SOURCE_INVALID', `${file}:${element.line} is no job file: ${why}.`);
}

class JobReader {
  readonly #file: string;
  readonly #warnings: Warning[] = [];
  readonly #additional: Additional[] = [];
  readonly #reported = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  job(element: XmlElement): ParsedJob {
    const name = element.attributes.get('name') ?? '';
    const jobId = element.attributes.get('jobId') ?? name;
    if (jobId === '') throw this.#invalid(element, 'the job has neither a jobId nor a name');
    const nodes = new Map<string, JobNode>();
    for (const child of this.#children(element, {
      path: 'job',
      attributes: ['name', 'jobId'],
      known: ['node'],
    })) {
      const node = this.#node(child);
      const first = nodes.get(node.id);
      if (first !== undefined) {
        throw this.#invalid(
          child,
          `the node id ${JSON.stringify(node.id)} stands on line ${first.line} already`,
        );
      }
      nodes.set(node.id, node);
    }
    return {
      name: name === '' ? jobId : name,
      jobId,
      nodes: [...nodes.values()],
      warnings: this.#warnings,
      additional: this.#additional,
    };
  }

  #node(element: XmlElement): JobNode {
    const id = this.#attribute(element, 'id');
    const kind = this.#attribute(element, 'type');
    if (!stepKinds.has(kind)) {
      this.#warn(
        'unknown-step-type',
        element,
        `The step ${id} has the type "${kind}", which is not known here.`,
      );
    }
    const path = `node[${id}]`;
    const known = ['inputs', 'columns', 'output', 'dependsOn'];
    const parts = this.#children(element, { path, attributes: ['id', 'type'], known });
    const lists = (list: string, item: string): readonly XmlElement[] =>
      parts
        .filter((part) => part.name === list)
        .flatMap((part) => this.#children(part, { path: `${path}/${list}`, attributes: [], known: [item] }));
    const outputs = parts.filter((part) => part.name === 'output');
    const [output, second] = outputs;
    if (second !== undefined) throw this.#invalid(second, `the node ${id} has more than one <output>`);
    return {
      id,
      kind,
      line: element.line,
      inputs: lists('inputs', 'input').map((input) => this.#typedName(input, `${path}/inputs/input`)),
      columns: lists('columns', 'column').map((column) => this.#column(column, `${path}/columns/column`)),
      output: output === undefined ? null : this.#typedName(output, `${path}/output`),
      dependsOn: lists('dependsOn', 'step').map((step) => this.#text(step, `${path}/dependsOn/step`)),
    };
  }

  #column(element: XmlElement, path: string): ColumnMapping {
    const parts = this.#children(element, { path, attributes: [], known: ['sourceName', 'targetName'] });
    const targets = parts.filter((part) => part.name === 'targetName');
    const [target] = targets;
    if (target === undefined || targets.length > 1) {
      throw this.#invalid(element, `a column has ${targets.length} <targetName>, but must have one`);
    }
    const sources = parts.filter((part) => part.name === 'sourceName');
    return {
      sources: sources.map((source) => this.#text(source, `${path}/sourceName`)),
      target: this.#text(target, `${path}/targetName`),
      line: element.line,
    };
  }

  #typedName(element: XmlElement, path: string): TypedName {
    const typeName = this.#attribute(element, 'typeName');
    const written = this.#text(element, path, ['typeName']);
    const name = redactText(withoutSignature(written));
    if (name !== written) {
      this.#warn(
        'secret-removed',
        element,
        `The name of a dataset held a secret, which is left out: ${name}.`,
      );
    }
    return { typeName, name };
  }

  #attribute(element: XmlElement, name: string): string {
    const value = element.attributes.get(name)?.trim() ?? '';
    if (value === '') throw this.#invalid(element, `<${element.name}> has no attribute ${name}`);
    return value;
  }

  #text(element: XmlElement, path: string, attributes: readonly string[] = []): string {
    this.#children(element, { path, attributes, known: [] });
    if (element.text === '') throw this.#invalid(element, `<${element.name}> is empty`);
    return element.text;
  }

  /** The known children of an element; keeps and reports whatever else it has. */
  #children(
    element: XmlElement,
    form: {
      readonly path: string;
      readonly attributes: readonly string[];
      readonly known: readonly string[];
    },
  ): readonly XmlElement[] {
    for (const [name, value] of element.attributes) {
      if (!form.attributes.includes(name))
        this.#keep(`${form.path}/@${name}`, element, attributeJson(element, name, value));
    }
    const isKnown = (child: XmlElement): boolean => form.known.includes(child.name);
    for (const child of element.children) {
      if (!isKnown(child)) this.#keep(`${form.path}/${child.name}`, child, elementJson(child));
    }
    return element.children.filter(isKnown);
  }

  /** Reported once for each kind of place, kept each time. */
  #keep(key: string, element: XmlElement, json: string): void {
    this.#additional.push({ key, json });
    const kind = key.replaceAll(/\[.*?\]/g, '');
    if (this.#reported.has(kind)) return;
    this.#reported.add(kind);
    this.#warn('unknown-element', element, `${kind} is not known here; it is kept as it is.`);
  }

  #warn(code: string, element: XmlElement, message: string): void {
    this.#warnings.push({ code, location: `${this.#file}:${element.line}`, message });
  }

  #invalid(element: XmlElement, why: string): StreamError {
    return invalid(this.#file, element, why);
  }
}
