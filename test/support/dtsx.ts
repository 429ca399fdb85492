/** Writes SSIS packages in both of their forms, after Microsoft's documentation of the format ([MS-DTSX], [MS-DTSX2]). */

/** A column of a component's input or output. */
export interface DtsxColumn {
  readonly name: string;
  /** Of an input: the output's column that it takes, `Component/Output/Column`. */
  readonly from?: string;
  readonly external?: string;
  /** `{Component/Output/Column}` in a value stands for the id of that column, `{=Component/Input/Column}` for that of an input's. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly written?: boolean;
}

/** An input or output. */
export interface DtsxPort {
  readonly name: string;
  readonly columns: readonly DtsxColumn[];
  /** Of an input: the output that feeds it, `Component/Output`. Of an output: the input that it is synchronous to. */
  readonly with?: string;
  readonly error?: boolean;
}

/** A component of a data flow. */
export interface DtsxComponent {
  readonly name: string;
  readonly kind: string;
  readonly connection?: string;
  readonly properties?: Readonly<Record<string, string>>;
  readonly inputs?: readonly DtsxPort[];
  readonly outputs?: readonly DtsxPort[];
}

/** Something that runs. */
export type DtsxTask = {
  readonly name: string;
  readonly disabled?: boolean;
  readonly expressions?: Readonly<Record<string, string>>;
} & (
  | { readonly flow: readonly DtsxComponent[] }
  | { readonly sql: string; readonly connection: string; readonly source?: string }
  | { readonly runs: string }
  | { readonly container: readonly DtsxTask[] }
);

/** A package. */
export interface DtsxPackage {
  readonly name: string;
  readonly connections?: Readonly<Record<string, DtsxConnection>>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly tasks: readonly DtsxTask[];
}

/** A connection manager. */
export interface DtsxConnection {
  readonly type: string;
  readonly text: string;
  readonly expressions?: Readonly<Record<string, string>>;
}

/** `attributes`: since 2012. `properties`: before that, with numbers for ids. */
export type DtsxForm = 'attributes' | 'properties';

/** A package as XML. Connection managers that it does not have are those of its project. */
export function dtsx(given: DtsxPackage, form: DtsxForm = 'attributes'): string {
  return new Writer(form).package(given);
}

/** A connection manager of a project (`*.conmgr`). */
export function conmgr(name: string, connection: DtsxConnection): string {
  return `<?xml version="1.0"?>\n${new Writer('attributes').manager(name, connection, ` ${space}`)}`;
}

const space = 'xmlns:DTS="www.microsoft.com/SqlServer/Dts"';

/** Text of an attribute or element. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#xA;');
}

/** A GUID that is the same for the same name. */
function guid(name: string): string {
  return `{${Buffer.from(name.padEnd(16, '.')).toString('hex').slice(0, 32).toUpperCase()}}`;
}

class Writer {
  readonly #form: DtsxForm;
  readonly #numbers = new Map<string, number>();

  constructor(form: DtsxForm) {
    this.#form = form;
  }

  package({ name, connections = {}, variables = {}, parameters = {}, tasks }: DtsxPackage): string {
    const managers = Object.entries(connections).map(([own, connection]) => this.manager(own, connection));
    const values = Object.entries(variables).map(([own, value]) =>
      this.#element(
        'DTS:Variable',
        { ObjectName: own, Namespace: 'User' },
        `<DTS:VariableValue DTS:DataType="8">${escaped(value)}</DTS:VariableValue>`,
      ),
    );
    const parameterValues = Object.entries(parameters).map(
      ([own, value]) =>
        `<DTS:PackageParameter DTS:ObjectName="${own}"><DTS:Property DTS:Name="ParameterValue">${escaped(value)}</DTS:Property></DTS:PackageParameter>`,
    );
    const isNew = this.#form === 'attributes';
    const list = (element: string, items: readonly string[]): string =>
      items.length === 0
        ? ''
        : isNew
          ? `<DTS:${element}>${items.join('\n')}</DTS:${element}>`
          : items.join('\n');
    const body = [
      list('ConnectionManagers', managers),
      list('Variables', values),
      list('PackageParameters', parameterValues),
      list(
        'Executables',
        tasks.map((task) => this.#task(task, 'Package')),
      ),
    ];
    const type = isNew ? 'Microsoft.Package' : 'MSDTS.Package.2';
    return `<?xml version="1.0"?>\n${this.#element('DTS:Executable', { ObjectName: name }, body.join('\n'), ` ${space} DTS:ExecutableType="${type}"`)}`;
  }

  manager(name: string, { type, text, expressions = {} }: DtsxConnection, more = ''): string {
    const inner = this.#element('DTS:ConnectionManager', { ConnectionString: text }, '');
    const body = `${this.#expressions(expressions)}<DTS:ObjectData>${inner}</DTS:ObjectData>`;
    return this.#element(
      'DTS:ConnectionManager',
      { ObjectName: name, DTSID: guid(name), CreationName: type },
      body,
      more,
    );
  }

  #expressions(expressions: Readonly<Record<string, string>>): string {
    return Object.entries(expressions)
      .map(
        ([name, text]) =>
          `<DTS:PropertyExpression DTS:Name="${name}">${escaped(text)}</DTS:PropertyExpression>`,
      )
      .join('');
  }

  /** Values as attributes or as properties. */
  #element(name: string, values: Readonly<Record<string, string>>, body: string, more = ''): string {
    const entries = Object.entries(values);
    return this.#form === 'attributes'
      ? `<${name}${more}${entries.map(([key, value]) => ` DTS:${key}="${escaped(value)}"`).join('')}>\n${body}</${name}>`
      : `<${name}${more}>\n${entries.map(([key, value]) => `<DTS:Property DTS:Name="${key}">${escaped(value)}</DTS:Property>`).join('')}${body}</${name}>`;
  }

  #task(task: DtsxTask, above: string): string {
    const path = `${above}\\${task.name}`;
    const values = {
      ObjectName: task.name,
      ...(task.disabled === true ? { Disabled: this.#form === 'attributes' ? 'True' : '-1' } : {}),
    };
    const expressions = this.#expressions(task.expressions ?? {});
    if ('container' in task) {
      const inner = task.container.map((one) => this.#task(one, path)).join('\n');
      const body = this.#form === 'attributes' ? `<DTS:Executables>${inner}</DTS:Executables>` : inner;
      return this.#element(
        'DTS:Executable',
        values,
        expressions + body,
        ' DTS:ExecutableType="STOCK:SEQUENCE"',
      );
    }
    const data =
      'flow' in task
        ? this.#flow(task.flow, path)
        : 'sql' in task
          ? `<SQLTask:SqlTaskData SQLTask:Connection="${guid(task.connection)}" SQLTask:SqlStmtSourceType="${task.source ?? 'DirectInput'}" SQLTask:SqlStatementSource="${escaped(task.sql)}" xmlns:SQLTask="www.microsoft.com/sqlserver/dts/tasks/sqltask" />`
          : `<ExecutePackageTask><UseProjectReference>True</UseProjectReference><PackageName>${escaped(task.runs)}</PackageName></ExecutePackageTask>`;
    return this.#element(
      'DTS:Executable',
      values,
      `${expressions}<DTS:ObjectData>${data}</DTS:ObjectData>`,
      ' DTS:ExecutableType="x"',
    );
  }

  #flow(components: readonly DtsxComponent[], path: string): string {
    const paths = components.flatMap((component) =>
      (component.inputs ?? []).flatMap((input) =>
        input.with === undefined
          ? []
          : [
              `<path ${this.#idName}="${this.#id(`p${input.with}`)}" name="path" startId="${this.#id(this.#port(path, input.with, 'Outputs'))}" endId="${this.#id(this.#port(path, `${component.name}/${input.name}`, 'Inputs'))}" />`,
            ],
      ),
    );
    const all = components.map((component) => this.#component(component, path));
    return `<pipeline version="1"><components>${all.join('\n')}</components><paths>${paths.join('')}</paths></pipeline>`;
  }

  #component(
    { name, kind, connection, properties = {}, inputs = [], outputs = [] }: DtsxComponent,
    path: string,
  ): string {
    const own = `${path}\\${name}`;
    const ids =
      connection === undefined
        ? ''
        : `<connections><connection ${this.#idName}="${this.#id(`${own}.Connections[c]`)}" connectionManagerID="${this.#form === 'attributes' ? `${guid(connection)}:external` : guid(connection)}" name="c" /></connections>`;
    const all = Object.entries(properties).map(
      ([key, value]) => `<property name="${key}">${escaped(value)}</property>`,
    );
    return `<component ${this.#idName}="${this.#id(own)}" componentClassID="${this.#form === 'attributes' ? kind : guid(kind)}" name="${escaped(name)}">
<properties>${all.join('\n')}</properties>${ids}
<inputs>${inputs.map((input) => this.#input(input, name, path)).join('\n')}</inputs>
<outputs>${outputs.map((output) => this.#output(output, name, path)).join('\n')}</outputs></component>`;
  }

  #input(port: DtsxPort, component: string, path: string): string {
    const own = this.#port(path, `${component}/${port.name}`, 'Inputs');
    const columns = port.columns.map((column) => {
      const named = this.#form === 'attributes' ? ` cachedName="${escaped(column.name)}"` : '';
      const external =
        column.external === undefined
          ? ''
          : ` externalMetadataColumnId="${this.#id(`${own}.ExternalColumns[${column.external}]`)}"`;
      const usage = column.written === true ? ' usageType="readWrite"' : '';
      return `<inputColumn ${this.#idName}="${this.#id(`${own}.Columns[${column.name}]`)}"${named} lineageId="${this.#id(this.#lineage(path, column.from ?? ''))}"${external}${usage}>${this.#properties(column, path)}</inputColumn>`;
    });
    return `<input ${this.#idName}="${this.#id(own)}" name="${port.name}"><inputColumns>${columns.join('\n')}</inputColumns>${this.#external(port, own)}</input>`;
  }

  #output(port: DtsxPort, component: string, path: string): string {
    const own = this.#port(path, `${component}/${port.name}`, 'Outputs');
    const synchronous =
      port.with === undefined
        ? this.#form === 'attributes'
          ? ''
          : ' synchronousInputId="0"'
        : ` synchronousInputId="${this.#id(this.#port(path, `${component}/${port.with}`, 'Inputs'))}"`;
    const columns = port.columns.map((column) => {
      const id = this.#id(`${own}.Columns[${column.name}]`);
      const external =
        column.external === undefined
          ? ''
          : ` externalMetadataColumnId="${this.#id(`${own}.ExternalColumns[${column.external}]`)}"`;
      return `<outputColumn ${this.#idName}="${id}" lineageId="${id}" name="${escaped(column.name)}"${external}>${this.#properties(column, path)}</outputColumn>`;
    });
    const error = port.error === true ? ' isErrorOut="true"' : '';
    return `<output ${this.#idName}="${this.#id(own)}" name="${port.name}"${synchronous}${error}><outputColumns>${columns.join('\n')}</outputColumns>${this.#external(port, own)}</output>`;
  }

  #external({ columns }: DtsxPort, own: string): string {
    const names = columns.flatMap(({ external }) => external ?? []);
    const all = names.map(
      (name) =>
        `<externalMetadataColumn ${this.#idName}="${this.#id(`${own}.ExternalColumns[${name}]`)}" name="${escaped(name)}" />`,
    );
    return `<externalMetadataColumns>${all.join('')}</externalMetadataColumns>`;
  }

  #properties({ properties = {} }: DtsxColumn, path: string): string {
    const all = Object.entries(properties).map(([name, value]) => {
      const text = value.replaceAll(/\{(=?)([^}]+)\}/g, (_, input: string, place: string) => {
        const [component = '', port = '', column = ''] = place.split('/');
        const ref =
          input === ''
            ? this.#lineage(path, place)
            : `${this.#port(path, `${component}/${port}`, 'Inputs')}.Columns[${column}]`;
        return this.#form === 'attributes' ? `#{${this.#id(ref)}}` : `#${this.#id(ref)}`;
      });
      return `<property name="${name}"${text === value ? '' : ' containsID="true"'}>${escaped(text)}</property>`;
    });
    return all.length === 0 ? '' : `<properties>${all.join('')}</properties>`;
  }

  #lineage(path: string, place: string): string {
    const [component = '', port = '', column = ''] = place.split('/');
    return `${this.#port(path, `${component}/${port}`, 'Outputs')}.Columns[${column}]`;
  }

  #port(path: string, place: string, list: 'Inputs' | 'Outputs'): string {
    const [component = '', port = ''] = place.split('/');
    return `${path}\\${component}.${list}[${port}]`;
  }

  get #idName(): string {
    return this.#form === 'attributes' ? 'refId' : 'id';
  }

  #id(ref: string): string {
    if (this.#form === 'attributes') return escaped(ref);
    const number = this.#numbers.get(ref) ?? this.#numbers.size + 1;
    this.#numbers.set(ref, number);
    return String(number);
  }
}
