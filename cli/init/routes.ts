/** A thing that a source's configuration needs to be told. */
interface RouteField {
  /** The option of the producer; also the id of the question. */
  readonly name: string;
  readonly message: string;
  /** What is taken where nothing is typed. */
  readonly initial?: string;
  /** Whether the answer is the name of an environment variable that holds the value: the value itself is never asked for. */
  readonly isSecret?: boolean;
}

/** What there is to describe. */
export type Subject = 'data-source' | 'etl-tool';
/** How its metadata is had. */
export type Access = 'system-tables' | 'api' | 'files' | 'sql' | 'logs' | 'spreadsheet' | 'code';

/** A way from what a person has to a kind of producer. */
export interface Route {
  readonly subjects: readonly Subject[];
  readonly access: Access;
  readonly kind: string;
  readonly label: string;
  readonly fields: readonly RouteField[];
  /** Whether the source tells of changes itself, so that no interval has to be chosen. */
  readonly tellsChanges: boolean;
  /** Lines of YAML below the producer, indented as they stand there. */
  readonly more?: string;
}

/** The kind of a source that needs code: the wizard writes a plugin for it. */
export const ownKind = 'own';

const path = (message: string, initial: string): RouteField => ({ name: 'path', message, initial });
const server = (initial: string): RouteField => ({
  name: 'host',
  message: 'On which host is the database?',
  initial,
});
const login: readonly RouteField[] = [
  { name: 'user', message: 'Which user reads its system tables?', initial: 'reader' },
  {
    name: 'password',
    message: 'Which environment variable holds the password?',
    initial: 'SOURCE_PASSWORD',
    isSecret: true,
  },
];
const tables = `    datasets:            # by the source's own word for a kind of dataset: its type in the catalogue
      table: { type: [azure_sql_table, azure_sql_view] }`;
const files = `    datasets:            # by the tool's own word for a kind of dataset: its type, and how its names are read
      file: { type: azure_blob_path, path: '{url+}' }
      blob: { type: azure_blob_path, path: '{url+}' }`;

/** Every way there is. The first of those that fit is offered first. */
export const routes: readonly Route[] = [
  {
    subjects: ['data-source'],
    access: 'system-tables',
    kind: 'postgres',
    label: 'PostgreSQL',
    fields: [server('localhost'), { name: 'database', message: 'Which database?' }, ...login],
    tellsChanges: true,
  },
  {
    subjects: ['data-source'],
    access: 'system-tables',
    kind: 'mysql',
    label: 'MySQL or MariaDB',
    fields: [server('localhost'), ...login],
    tellsChanges: true,
  },
  {
    subjects: ['data-source'],
    access: 'system-tables',
    kind: 'database',
    label: 'Another database: its queries in a YAML file',
    fields: [
      { name: 'pack', message: 'Which query pack? (docs/query-packs.md)', initial: 'pack.yaml' },
      { name: 'server', message: 'What is the server called in its names?', initial: 'server' },
    ],
    tellsChanges: false,
    more: '    connection: { file: database.sqlite }   # what the driver of the pack needs',
  },
  {
    subjects: ['data-source', 'etl-tool'],
    access: 'sql',
    kind: 'sql-scripts',
    label: 'A folder of SQL scripts',
    fields: [
      path('In which folder are the scripts?', 'scripts'),
      { name: 'dialect', message: 'Which SQL is it? (tsql, postgres, snowflake, …)', initial: 'tsql' },
      { name: 'server', message: "What is the server called in its tables' names?", initial: 'server' },
      { name: 'database', message: 'In which database do they run?', initial: 'db' },
      { name: 'schema', message: 'Which schema have names without one?', initial: 'dbo' },
    ],
    tellsChanges: true,
    more: tables,
  },
  {
    subjects: ['etl-tool'],
    access: 'files',
    kind: 'etl-job-files',
    label: 'XML job files with steps and column mappings',
    fields: [path('In which folder are the job files?', 'jobs')],
    tellsChanges: true,
    more: files,
  },
  {
    subjects: ['etl-tool'],
    access: 'files',
    kind: 'ssis',
    label: 'Packages of SQL Server Integration Services (.dtsx, .ispac)',
    fields: [path('In which folder are the packages?', 'packages')],
    tellsChanges: true,
    more: `    servers: { .: localhost }   # what the catalogue calls the servers of connection strings (docs/ssis.md)
${tables}
      file: { type: azure_blob_path, name: '{url+}' }`,
  },
  {
    subjects: ['etl-tool'],
    access: 'files',
    kind: 'job-files',
    label: 'Other XML, JSON or YAML job files: a mapping in the configuration',
    fields: [path('In which folder are the job files?', 'jobs')],
    tellsChanges: true,
    more: `    items: $             # JSONata: the jobs of a file (docs/job-files.md)
    map: |               # JSONata: what a job means
      { "type": "job", "objectId": id, "name": name, "inputs": inputs, "outputs": outputs }
${files}`,
  },
  {
    subjects: ['etl-tool'],
    access: 'api',
    kind: 'etl-api',
    label: 'GET api/job lists the jobs, GET api/job/{id} tells what each reads and writes',
    fields: [
      { name: 'url', message: 'What is its address?', initial: 'http://localhost:8080' },
      {
        name: 'token',
        message: 'Which environment variable holds the bearer token?',
        initial: 'SOURCE_TOKEN',
        isSecret: true,
      },
    ],
    tellsChanges: false,
    more: files,
  },
  {
    subjects: ['etl-tool'],
    access: 'api',
    kind: 'http',
    label: 'Another HTTP API that lists jobs: its requests and a mapping in the configuration',
    fields: [{ name: 'url', message: 'What is its address?', initial: 'http://localhost:8080/api' }],
    tellsChanges: false,
    more: `    list: { path: jobs }   # docs/http.md: auth, paging, detail, changes
    map: |                # JSONata: what an item means
      { "type": "job", "objectId": id, "name": name, "inputs": inputs, "outputs": outputs }
${files}`,
  },
  {
    subjects: ['etl-tool'],
    access: 'api',
    kind: 'webhook',
    label: 'The tool pushes by HTTP what it has done',
    fields: [],
    tellsChanges: true,
    more: `    port: 8787
    auth: { kind: token, token: '\${env:SOURCE_TOKEN}' }   # or a signature: docs/http.md
    map: |                # JSONata: what a push means
      { "type": "job", "objectId": id, "name": name, "inputs": inputs, "outputs": outputs }
${files}`,
  },
  {
    subjects: ['etl-tool'],
    access: 'logs',
    kind: 'run-log',
    label: 'Log files that tell of runs',
    fields: [path('Which log file?', 'etl.log')],
    tellsChanges: false,
    more: `    format: json-lines   # or key-value, or pattern with regular expressions (docs/run-log.md)
    fields: { job: job, run: run, time: time, status: status, inputs: inputs, outputs: outputs }
    datasets:            # tables by their names, files by their addresses
      table: { type: [azure_sql_table, azure_sql_view], name: '{server}/{database}/{schema}/{table+}' }
      file: { type: azure_blob_path, path: '{url+}' }`,
  },
  {
    subjects: ['data-source', 'etl-tool'],
    access: 'spreadsheet',
    kind: 'excel',
    label: 'A workbook of the Atlas template, or a folder of CSV files',
    fields: [path('Which workbook, or which folder?', 'catalogue.xlsx')],
    tellsChanges: true,
  },
  {
    subjects: ['data-source'],
    access: 'files',
    kind: 'lake',
    label: 'A folder or a container of data files (CSV, JSON, Parquet, Avro)',
    fields: [path('Which folder?', 'data')],
    tellsChanges: true,
  },
  {
    subjects: ['data-source', 'etl-tool'],
    access: 'files',
    kind: 'events',
    label: 'Raw events as JSON lines, written by a program of yours in any language',
    fields: [path('Which file?', 'events.ndjson')],
    tellsChanges: true,
    more: files,
  },
  {
    subjects: ['data-source', 'etl-tool'],
    access: 'code',
    kind: ownKind,
    label: 'A producer of your own: one file, with its test',
    fields: [],
    tellsChanges: false,
  },
];

/** What is asked of how the metadata is had, in the order of preference: the nearer to the source, the less can be wrong. */
export const accessLabels: Readonly<Record<Access, { readonly label: string; readonly hint: string }>> = {
  'system-tables': {
    label: 'System tables',
    hint: 'the database describes itself: nothing nearer to the truth',
  },
  api: { label: 'An API', hint: 'it answers HTTP requests' },
  files: { label: 'Files', hint: 'it keeps what it does, or the data itself, in files' },
  sql: { label: 'SQL code', hint: 'scripts or procedures: lineage is read from the code' },
  logs: { label: 'Logs', hint: 'only what ran is seen: what never runs is not' },
  spreadsheet: { label: 'A spreadsheet', hint: 'people write it down' },
  code: { label: 'Something else', hint: 'a few lines of JavaScript fetch it' },
};
