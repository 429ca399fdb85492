/** Packages that the tests of the producer `ssis` read. */
import { writeZip } from '../../../platform/xlsx/write-zip.ts';
import {
  conmgr,
  dtsx,
  type DtsxComponent,
  type DtsxConnection,
  type DtsxPackage,
} from '../../support/dtsx.ts';

/** Connection managers of the packages. */
export const connections: Readonly<Record<string, DtsxConnection>> = {
  Shop: {
    type: 'OLEDB',
    text: 'Data Source=.;Initial Catalog=shop;Provider=SQLNCLI11.1;Integrated Security=SSPI;',
  },
  DW: { type: 'OLEDB', text: 'Data Source=tcp:dw.example.com,1433;Initial Catalog=dw;Provider=MSOLEDBSQL;' },
  Csv: { type: 'FLATFILE', text: 'https://lake/out/big.csv' },
};

/** Class of an OLE DB source. */
export const source = 'Microsoft.OLEDBSource';
/** Class of an OLE DB destination. */
export const destination = 'Microsoft.OLEDBDestination';
/** Columns of a source. */
export const columns = (...names: readonly string[]) => names.map((name) => ({ name, external: name }));
/** Columns that an input takes of an output. */
export const taken = (from: string, ...names: readonly string[]) =>
  names.map((name) => ({ name, from: `${from}/${name}` }));

/** Orders by a query and returns from a table: total, customer's key by a lookup, split, union, and a command for each row. */
const fill: readonly DtsxComponent[] = [
  {
    name: 'Facts',
    kind: destination,
    connection: 'DW',
    properties: { OpenRowset: '[dbo].[facts]', AccessMode: '3' },
    inputs: [
      {
        name: 'in',
        with: 'Union/out',
        columns: [
          { name: 'id', from: 'Union/out/id', external: 'order_id' },
          { name: 'total', from: 'Union/out/total', external: 'total' },
          { name: 'key', from: 'Union/out/key', external: 'customer_key' },
        ],
      },
    ],
    outputs: [{ name: 'error', with: 'in', error: true, columns: [] }],
  },
  {
    name: 'Orders',
    kind: source,
    connection: 'Shop',
    properties: {
      OpenRowset: '',
      AccessMode: '2',
      SqlCommand: 'SELECT id, amount, tax, customer FROM sales.orders WHERE day > ?',
    },
    outputs: [{ name: 'out', columns: columns('id', 'amount', 'tax', 'customer') }],
  },
  {
    name: 'Total',
    kind: 'Microsoft.DerivedColumn',
    inputs: [{ name: 'in', with: 'Orders/out', columns: taken('Orders/out', 'amount', 'tax') }],
    outputs: [
      {
        name: 'out',
        with: 'in',
        columns: [
          {
            name: 'total',
            properties: {
              Expression: '{Orders/out/amount} + {Orders/out/tax}',
              FriendlyExpression: 'amount + tax',
            },
          },
        ],
      },
    ],
  },
  {
    name: 'Customer',
    kind: 'Microsoft.Lookup',
    connection: 'DW',
    properties: {
      SqlCommand: 'select * from (select [key], [code] from [dbo].[customers]) as refTable',
      CacheType: '0',
    },
    inputs: [
      {
        name: 'in',
        with: 'Total/out',
        columns: [
          {
            name: 'customer',
            from: 'Orders/out/customer',
            properties: { JoinToReferenceColumn: 'code', CopyFromReferenceColumn: '' },
          },
        ],
      },
    ],
    outputs: [
      {
        name: 'match',
        with: 'in',
        columns: [{ name: 'key', properties: { CopyFromReferenceColumn: 'key' } }],
      },
    ],
  },
  {
    name: 'Split',
    kind: 'Microsoft.ConditionalSplit',
    inputs: [{ name: 'in', with: 'Customer/match', columns: taken('Orders/out', 'amount') }],
    outputs: [
      { name: 'big', with: 'in', columns: [] },
      { name: 'all', with: 'in', columns: [] },
    ],
  },
  {
    name: 'Big',
    kind: 'Microsoft.FlatFileDestination',
    connection: 'Csv',
    inputs: [
      {
        name: 'in',
        with: 'Split/big',
        columns: [{ name: 'amount', from: 'Orders/out/amount', external: 'amount' }],
      },
    ],
  },
  {
    name: 'Returns',
    kind: source,
    connection: 'Shop',
    properties: { OpenRowset: '"sales"."returns"', AccessMode: '0' },
    outputs: [{ name: 'out', columns: columns('id', 'value') }],
  },
  {
    name: 'Mark',
    kind: 'Microsoft.OLEDBCommand',
    connection: 'DW',
    properties: { SqlCommand: 'INSERT INTO dbo.marks (k) SELECT [key] FROM dbo.customers WHERE code = ?' },
    inputs: [
      {
        name: 'in',
        with: 'Returns/out',
        columns: [{ name: 'id', from: 'Returns/out/id', external: 'Param_0' }],
      },
    ],
    outputs: [{ name: 'out', with: 'in', columns: [] }],
  },
  {
    name: 'Union',
    kind: 'Microsoft.UnionAll',
    inputs: [
      {
        name: 'one',
        with: 'Split/all',
        columns: [
          { name: 'id', from: 'Orders/out/id', properties: { OutputColumnLineageID: '{Union/out/id}' } },
          {
            name: 'total',
            from: 'Total/out/total',
            properties: { OutputColumnLineageID: '{Union/out/total}' },
          },
          {
            name: 'key',
            from: 'Customer/match/key',
            properties: { OutputColumnLineageID: '{Union/out/key}' },
          },
        ],
      },
      {
        name: 'two',
        with: 'Mark/out',
        columns: [
          { name: 'id', from: 'Returns/out/id', properties: { OutputColumnLineageID: '{Union/out/id}' } },
          {
            name: 'value',
            from: 'Returns/out/value',
            properties: { OutputColumnLineageID: '{Union/out/total}' },
          },
        ],
      },
    ],
    outputs: [{ name: 'out', columns: [{ name: 'id' }, { name: 'total' }, { name: 'key' }] }],
  },
];

/** A package with a sequence, SQL, and a data flow. */
export const load: DtsxPackage = {
  name: 'Load',
  connections,
  tasks: [
    {
      name: 'Prepare',
      container: [
        { name: 'Empty', sql: 'TRUNCATE TABLE dbo.facts', connection: 'DW' },
        { name: 'Old', sql: 'DROP TABLE dbo.facts', connection: 'DW', disabled: true },
      ],
    },
    { name: 'Fill', flow: fill },
  ],
};

/** A connection manager of a project whose server is a parameter. */
export const shared: DtsxConnection = {
  type: 'OLEDB',
  text: 'Data Source=design;Initial Catalog=dw;',
  expressions: { ServerName: '@[$Project::Server]' },
};
/** Parameters of the project. */
export const parameters = `<?xml version="1.0"?>
<SSIS:Parameters xmlns:SSIS="www.microsoft.com/SqlServer/SSIS">
  <SSIS:Parameter SSIS:Name="Server"><SSIS:Properties><SSIS:Property SSIS:Name="Sensitive">0</SSIS:Property><SSIS:Property SSIS:Name="Value">param.example.com</SSIS:Property></SSIS:Properties></SSIS:Parameter>
  <SSIS:Parameter SSIS:Name="Password"><SSIS:Properties><SSIS:Property SSIS:Name="Sensitive">1</SSIS:Property><SSIS:Property SSIS:Name="Value">canary-77</SSIS:Property></SSIS:Properties></SSIS:Parameter>
</SSIS:Parameters>`;
/** A package that runs others, and SQL that an expression makes. */
export const nightly: DtsxPackage = {
  name: 'Load all',
  variables: { table: 'facts' },
  parameters: { schema: 'stage' },
  tasks: [
    { name: 'Child', runs: 'Child.dtsx' },
    { name: 'Other', runs: 'none.dtsx', expressions: { PackageName: '"Other" + ".dtsx"' } },
    {
      name: 'Empty',
      sql: 'DELETE FROM old',
      connection: 'DW',
      expressions: {
        SqlStatementSource: '"DELETE FROM " + @[$Package::schema] + "." + @[User::table] + " WHERE day = ?"',
      },
    },
  ],
};

/** What only a run knows. */
export const unknowns: DtsxPackage = {
  name: 'Unknowns',
  connections: {
    ...connections,
    Late: {
      type: 'OLEDB',
      text: 'Data Source=s;Initial Catalog=d;',
      expressions: { ServerName: 'LOWER(@[User::s])' },
    },
    Web: { type: 'HTTP', text: 'ServerURL=https://x' },
  },
  tasks: [
    {
      name: 'F',
      flow: [
        {
          name: 'A',
          kind: source,
          connection: 'Late',
          properties: { OpenRowset: 'dbo.a', AccessMode: '0' },
          outputs: [{ name: 'o', columns: columns('x') }],
        },
        {
          name: 'Script',
          kind: 'Microsoft.ManagedComponentHost',
          inputs: [{ name: 'i', with: 'A/o', columns: taken('A/o', 'x') }],
          outputs: [{ name: 'o', columns: [{ name: 'y' }] }],
        },
        {
          name: 'B',
          kind: source,
          connection: 'DW',
          properties: { AccessMode: '1', OpenRowsetVariable: 'User::t' },
          outputs: [{ name: 'o', columns: columns('z') }],
        },
        {
          name: 'C',
          kind: 'Microsoft.XmlSource',
          connection: 'Web',
          outputs: [{ name: 'o', columns: columns('z') }],
        },
      ],
    },
    { name: 'S', sql: 'User::nothing', source: 'Variable', connection: 'DW' },
  ],
};

/** A project as it is deployed. */
export function project(more: Readonly<Record<string, string>> = {}): Buffer {
  const manifest = `<?xml version="1.0"?>
<SSIS:Project SSIS:ProtectionLevel="DontSaveSensitive" xmlns:SSIS="www.microsoft.com/SqlServer/SSIS"><SSIS:Properties><SSIS:Property SSIS:Name="Name">Nightly</SSIS:Property></SSIS:Properties></SSIS:Project>`;
  const parts = {
    '@Project.manifest': manifest,
    'Load%20all.dtsx': dtsx(nightly),
    'DW.conmgr': conmgr('DW', shared),
    'Project.params': parameters,
    '[Content_Types].xml': '<Types/>',
    ...more,
  };
  return writeZip(Object.entries(parts).map(([name, content]) => ({ name, content })));
}
