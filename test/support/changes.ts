import type { Delivery } from '../../pipeline/sink.ts';
import type { EntityBody, EntityChange, EntityRef, Reference } from '../../schemas/types.ts';
import type { SourceTypes } from '../../pipeline/types.ts';

/** Types of a small source: a shop with shelves in it, and processes. */
export const shopTypes: SourceTypes = {
  entityTypes: [
    {
      name: 'shop',
      description: 'A shop.',
      superTypes: ['DataSet'],
      attributes: { city: { typeName: 'string', description: 'Where it is.' } },
      qualifiedName: 'shop://{shop}',
    },
    {
      name: 'shop_shelf',
      description: 'A shelf of a shop.',
      superTypes: ['DataSet'],
      attributes: { size: { typeName: 'int', description: 'How many boards it has.', required: true } },
      qualifiedName: 'shop://{shop}/{shelf}',
    },
    {
      name: 'shop_process',
      description: 'What moves goods.',
      superTypes: ['Process'],
      attributes: { tags: { typeName: 'array<string>', description: 'Words for it.' } },
      qualifiedName: 'process://{name}',
    },
  ],
  relationshipTypes: [
    {
      name: 'shop_shelves',
      description: 'The shelves of a shop.',
      category: 'COMPOSITION',
      end1: { typeName: 'shop', attribute: 'shelves', many: true },
      end2: { typeName: 'shop_shelf', attribute: 'shop', many: false },
    },
  ],
};

/** A reference to a shop. */
export function shopRef(name: string): EntityRef {
  return { typeName: 'shop', qualifiedName: `shop://${name}` };
}

/** Fields of a change that differ from what the builders give. */
export type ChangeOptions = Partial<
  Pick<EntityChange, 'producer' | 'objectId' | 'placeholder' | 'complete'> & {
    readonly sequence: number;
    readonly incarnation: string;
  }
>;

function change(
  ref: EntityRef,
  operation: EntityChange['operation'],
  entities: readonly EntityBody[],
  options: ChangeOptions,
): EntityChange {
  return {
    operation,
    ...ref,
    producer: options.producer ?? 'files',
    objectId: options.objectId ?? ref.qualifiedName,
    position: { incarnation: options.incarnation ?? 'one', sequence: options.sequence ?? 1 },
    entities,
    complete: options.complete ?? [],
    placeholder: options.placeholder ?? false,
  };
}

/** A shop with shelves; each shelf names its shop. */
export function shop(
  name: string,
  content: {
    readonly shelves?: readonly string[];
    readonly city?: string | null;
    readonly sizes?: number | null;
  } = {},
  options: ChangeOptions = {},
): EntityChange {
  const ref = shopRef(name);
  const root: EntityBody = {
    ...ref,
    attributes: { name, ...(content.city === undefined ? {} : { city: content.city }) },
    references: [],
  };
  const shelves = (content.shelves ?? []).map(
    (shelf): EntityBody => ({
      typeName: 'shop_shelf',
      qualifiedName: `shop://${name}/${shelf}`,
      attributes: { name: shelf, size: content.sizes === undefined ? 3 : content.sizes },
      references: [{ attribute: 'shop', many: false, targets: [ref] }],
    }),
  );
  return change(ref, 'UPSERT', [root, ...shelves], { complete: ['shelves'], ...options });
}

/** A process between shops. */
export function shopProcess(
  name: string,
  lineage: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
  options: ChangeOptions = {},
): EntityChange {
  const ref = { typeName: 'shop_process', qualifiedName: `process://${name}` };
  const many = (attribute: string, names: readonly string[]): Reference => ({
    attribute,
    many: true,
    targets: names.map(shopRef),
  });
  const references = [many('inputs', lineage.inputs), many('outputs', lineage.outputs)];
  return change(ref, 'UPSERT', [{ ...ref, attributes: { name }, references }], options);
}

/** The deletion of what a change is about. */
export function deletionOf(of: EntityChange, options: ChangeOptions = {}): EntityChange {
  const { typeName, qualifiedName, producer, objectId } = of;
  return change({ typeName, qualifiedName }, 'DELETE', [], { producer, objectId, sequence: 2, ...options });
}

/** Changes as deliveries, with offsets in their order from `first` on. */
export function deliveries(changes: readonly EntityChange[], first = 0): readonly Delivery[] {
  return changes.map((change, index) => ({ change, offset: first + index }));
}
