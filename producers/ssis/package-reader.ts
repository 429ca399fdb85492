import { StreamError } from '../../pipeline/errors.ts';
import type { FoundObject } from '../../pipeline/producer.ts';
import { redactText } from '../../platform/redact.ts';
import type { XmlElement } from '../../platform/xml.ts';
import type { JobNode, Warning } from '../../schemas/types.ts';
import { placeOf } from './component-data.ts';
import { type Connection, connectionManagersOf, type ConnectionRules, Connections } from './connections.ts';
import { childOf, childrenOf, expressionsOf, isTrue, localName, nameOf, valueOf } from './elements.ts';
import type { Scope } from './expressions.ts';
import { flowNodes } from './flow-nodes.ts';
import { readFlow } from './pipeline.ts';

/** A package and what it stands in. */
export interface PackageSource {
  readonly root: XmlElement;
  /** The file, for warnings and errors. */
  readonly file: string;
  /** Id of the job: the package's path, or its project and name. */
  readonly jobId: string;
  /** Id of another package of the same project, by its name. */
  readonly sibling: (name: string) => string;
  readonly tool: string;
  /** Parameters of the project. */
  readonly scope: Scope;
  /** Connection managers of the project. */
  readonly managers: readonly XmlElement[];
  readonly rules: ConnectionRules;
  readonly system: string;
  readonly sequence: number;
}

/**
 * Reads a package: one job with a step for each component of its data flows, and one routine for each text of SQL that it runs. Throws SOURCE_INVALID for what is no package, or is
 * encrypted whole, with file and line.
 */
export function readPackage(source: PackageSource): readonly FoundObject[] {
  return new PackageReader(source).read();
}

class PackageReader {
  readonly #source: PackageSource;
  readonly #connections = new Connections();
  readonly #nodes: JobNode[] = [];
  readonly #warnings: Warning[] = [];
  readonly #calls = new Set<string>();
  readonly #texts = new Map<string, FoundObject>();

  constructor(source: PackageSource) {
    this.#source = source;
  }

  read(): readonly FoundObject[] {
    const { root, file, jobId, tool, sequence, managers, rules } = this.#source;
    checkRoot(root, file);
    const scope = this.#source.scope.within(root);
    for (const manager of managers)
      this.#connections.add(manager, 'Project', { scope: this.#source.scope, rules });
    for (const manager of connectionManagersOf(root))
      this.#connections.add(manager, 'Package', { scope, rules });
    this.#executables(root, [], scope);
    const value = {
      tool,
      name: valueOf(root, 'ObjectName') ?? jobId,
      jobId,
      file,
      nodes: this.#nodes,
      calls: [...this.#calls].sort(),
      warnings: this.#warnings,
      additional: [],
    };
    return [{ type: 'job-file', objectId: jobId, sequence, value }, ...this.#texts.values()];
  }

  /** What runs inside of an executable: of a package, a sequence, a loop, or an event handler. */
  #executables(element: XmlElement, path: readonly string[], scope: Scope): void {
    const lists = [element, childOf(element, 'Executables')];
    for (const child of lists.flatMap((list) => childrenOf(list, 'Executable')))
      this.#executable(child, path, scope);
    const handlers = [element, childOf(element, 'EventHandlers')];
    for (const handler of handlers.flatMap((list) => childrenOf(list, 'EventHandler')))
      this.#executables(handler, [...path, valueOf(handler, 'EventName') ?? 'event'], scope.within(handler));
  }

  #executable(element: XmlElement, above: readonly string[], outer: Scope): void {
    if (isTrue(valueOf(element, 'Disabled'))) return;
    const path = [...above, valueOf(element, 'ObjectName') ?? `line ${element.line}`];
    const scope = outer.within(element);
    for (const content of childOf(element, 'ObjectData')?.children ?? []) {
      switch (localName(content.name)) {
        case 'pipeline':
          this.#dataFlow(content, path, scope);
          break;
        case 'SqlTaskData':
          this.#sqlTask(content, element, { path, scope });
          break;
        case 'ExecutePackageTask':
          this.#packageTask(content, element, scope);
          break;
        default:
      }
    }
    this.#executables(element, path, scope);
  }

  #dataFlow(pipeline: XmlElement, path: readonly string[], scope: Scope): void {
    const { file, system } = this.#source;
    const task = path.join('/');
    const context = { file, task, scope, connections: this.#connections, system };
    const flow = readFlow(pipeline, file);
    const { nodes, warnings } = flowNodes(flow, context);
    this.#nodes.push(...nodes);
    this.#warnings.push(...warnings);
    for (const component of flow.components) {
      const sql = component.properties.get('SqlCommand');
      const isCommand = component.inputs.length > 0 && component.outputs.some(({ isError }) => !isError);
      const isLookup =
        component.properties.has('ReferenceMetadataXml') || component.properties.has('CacheType');
      const connection = this.#connections.find(...component.connections);
      if (sql !== undefined && sql !== '' && isCommand && !isLookup && connection?.kind === 'database')
        this.#text(sql, { path: [...path, component.name], connection, line: component.line });
    }
  }

  #sqlTask(
    data: XmlElement,
    task: XmlElement,
    { path, scope }: { readonly path: readonly string[]; readonly scope: Scope },
  ): void {
    const expression = expressionsOf(task).get('SqlStatementSource');
    const stored = valueOf(data, 'SqlStatementSource');
    const type = valueOf(data, 'SqlStmtSourceType') ?? 'DirectInput';
    const text =
      (expression === undefined ? undefined : scope.evaluate(expression)) ??
      (type === 'Variable' ? scope.value(stored ?? '') : type === 'DirectInput' ? stored : undefined);
    const name = path.join('/');
    const connection = this.#connections.find(valueOf(data, 'Connection'));
    if (text === undefined || text.trim() === '') {
      const why = type === 'FileConnection' ? 'stands in another file' : 'is only known when it runs';
      this.#warn('unresolved-sql', data, `The SQL of the task ${name} ${why}.`);
    } else if (connection?.kind !== 'database') {
      this.#warn(
        'unknown-connection',
        data,
        `The task ${name} runs SQL on a connection manager that is not known here.`,
      );
    } else {
      if (expression !== undefined && scope.evaluate(expression) === undefined)
        this.#warn(
          'unresolved-expression',
          data,
          `The SQL of the task ${name} is made by an expression; the text that the package holds was read.`,
        );
      this.#text(text, { path, connection, line: data.line });
    }
  }

  #text(
    text: string,
    {
      path,
      connection,
      line,
    }: { readonly path: readonly string[]; readonly connection: Connection; readonly line: number },
  ): void {
    const { file, jobId, system, sequence } = this.#source;
    const objectId = `${jobId}/${path.join('/')}`;
    const unique = this.#texts.has(objectId) ? `${objectId} (line ${line})` : objectId;
    this.#texts.set(unique, {
      type: 'routine',
      objectId: unique,
      sequence,
      value: {
        system,
        path: [...placeOf(connection), { level: 'routine', name: unique }],
        kind: 'SCRIPT',
        language: 'sql',
        text: redactText(text),
        description: null,
        file,
        warnings: [],
        additional: [],
      },
    });
  }

  #packageTask(data: XmlElement, task: XmlElement, scope: Scope): void {
    const expressions = expressionsOf(task);
    const named = expressions.get('PackageName');
    const connection = this.#connections.find(childOf(data, 'Connection')?.text, valueOf(data, 'Connection'));
    const name =
      (named === undefined ? undefined : scope.evaluate(named)) ??
      childOf(data, 'PackageName')?.text ??
      connection?.file.split('/').at(-1) ??
      '';
    const plain = name.replace(/^.*[\\/]/, '').replace(/\.dtsx$/i, '');
    if (plain === '')
      this.#warn(
        'unresolved-package',
        data,
        `The package that the task ${valueOf(task, 'ObjectName') ?? ''} runs is only known when it runs.`,
      );
    else this.#calls.add(this.#source.sibling(plain));
  }

  #warn(code: string, { line }: XmlElement, message: string): void {
    this.#warnings.push({ code, location: `${this.#source.file}:${line}`, message });
  }
}

function checkRoot(root: XmlElement, file: string): void {
  const encrypted = localName(root.name) === 'EncryptedData' || childOf(root, 'EncryptedData') !== undefined;
  if (encrypted)
    throw new StreamError(
      'SOURCE_INVALID',
      `${file}:${root.line} is encrypted whole (protection level EncryptAllWithPassword or EncryptAllWithUserKey).`,
      {
        advice:
          'Save it with another protection level, such as EncryptSensitiveWithPassword or DontSaveSensitive: secrets are not read anyway.',
      },
    );
  if (
    localName(root.name) !== 'Executable' ||
    !/package/i.test(valueOf(root, 'ExecutableType') ?? nameOf(root) ?? '')
  )
    throw new StreamError(
      'SOURCE_INVALID',
      `${file}:${root.line} is no SSIS package: its root element is <${root.name}>, but must be a DTS:Executable of a package.`,
    );
}
