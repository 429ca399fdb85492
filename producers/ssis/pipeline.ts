/** The components of a data flow as its XML has them, each name and id ready to be looked up. */
import { StreamError } from '../../pipeline/errors.ts';
import type { XmlElement } from '../../platform/xml.ts';
import { childOf, isTrue, listOf, nameOf } from './elements.ts';

/** A property of a component or a column. */
export interface FlowProperty {
  readonly name: string;
  readonly value: string;
  /** The value has ids in it. */
  readonly holdsIds: boolean;
}

/** A column of an input or output. */
export interface FlowColumn {
  readonly id: string;
  /** Of an output's column: its own mark; of an input's: the mark of the column that it takes. */
  readonly lineageId: string;
  readonly name: string;
  /** The column of the dataset outside, by id. */
  readonly externalId: string | undefined;
  readonly isWritten: boolean;
  /** ErrorCode and ErrorColumn come from nowhere. */
  readonly isSpecial: boolean;
  readonly properties: readonly FlowProperty[];
  readonly line: number;
}

/** An input or output of a component. */
export interface FlowPort {
  readonly id: string;
  readonly name: string;
  readonly isError: boolean;
  /** Of an output: the input whose rows it hands on; undefined for one that makes rows of its own. */
  readonly synchronousTo: string | undefined;
  readonly columns: readonly FlowColumn[];
  /** Names of the columns of the dataset outside, by id. */
  readonly external: ReadonlyMap<string, string>;
}

/** A component. */
export interface FlowComponent {
  readonly name: string;
  readonly line: number;
  readonly classId: string;
  readonly properties: ReadonlyMap<string, string>;
  /** Ids and names by which it refers to connection managers. */
  readonly connections: readonly string[];
  readonly inputs: readonly FlowPort[];
  readonly outputs: readonly FlowPort[];
}

/** A data flow. */
export interface Flow {
  readonly components: readonly FlowComponent[];
  /** From the id of an output to the id of an input. */
  readonly paths: readonly { readonly from: string; readonly to: string }[];
}

/** Reads the element `pipeline`. Throws SOURCE_INVALID for a component without a name, with file and line. */
export function readFlow(pipeline: XmlElement, file: string): Flow {
  return {
    components: listOf(pipeline, 'components').map((element) => component(element, file)),
    paths: listOf(pipeline, 'paths').map((element) => ({
      from: element.attributes.get('startId') ?? '',
      to: element.attributes.get('endId') ?? '',
    })),
  };
}

function component(element: XmlElement, file: string): FlowComponent {
  const name = element.attributes.get('name')?.trim() ?? '';
  if (name === '')
    throw new StreamError('SOURCE_INVALID', `${file}:${element.line}: a component has no name.`);
  return {
    name,
    line: element.line,
    classId: element.attributes.get('componentClassID') ?? '',
    properties: new Map(propertiesOf(element).map((property) => [property.name, property.value])),
    connections: listOf(element, 'connections').flatMap((connection) =>
      ['connectionManagerRefId', 'connectionManagerID'].flatMap(
        (key) => connection.attributes.get(key) ?? [],
      ),
    ),
    inputs: listOf(element, 'inputs').map((input) => port(input, 'inputColumns')),
    outputs: listOf(element, 'outputs').map((output) => port(output, 'outputColumns')),
  };
}

function port(element: XmlElement, list: string): FlowPort {
  const synchronous = element.attributes.get('synchronousInputId') ?? '';
  const external = listOf(element, 'externalMetadataColumns').map(
    (one) => [idOf(one), one.attributes.get('name') ?? ''] as const,
  );
  return {
    id: idOf(element),
    name: element.attributes.get('name') ?? '',
    isError: isTrue(element.attributes.get('isErrorOut')),
    synchronousTo: synchronous === '' || synchronous === '0' ? undefined : synchronous,
    columns: listOf(element, list).map(column),
    external: new Map(external),
  };
}

function column(element: XmlElement): FlowColumn {
  const { attributes } = element;
  const external = attributes.get('externalMetadataColumnId') ?? '';
  const id = idOf(element);
  return {
    id,
    lineageId: attributes.get('lineageId') ?? id,
    name: attributes.get('name') || attributes.get('cachedName') || '',
    externalId: external === '' || external === '0' ? undefined : external,
    isWritten: attributes.get('usageType')?.toLowerCase() === 'readwrite',
    isSpecial: !['', '0'].includes(attributes.get('specialFlags') ?? ''),
    properties: propertiesOf(element),
    line: element.line,
  };
}

/** Since 2012 by a path of names, before that by number. */
function idOf(element: XmlElement): string {
  return element.attributes.get('refId') ?? element.attributes.get('id') ?? '';
}

function propertiesOf(element: XmlElement): readonly FlowProperty[] {
  return (childOf(element, 'properties')?.children ?? []).map((property) => ({
    name: nameOf(property) ?? '',
    value: property.text,
    holdsIds: isTrue(property.attributes.get('containsID')),
  }));
}
