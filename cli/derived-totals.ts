import { rememberedObjects } from '../pipeline/derive/object-records.ts';
import type { Transport } from '../pipeline/transport.ts';

/** What is derived of the objects of one producer, as it stands in the state. */
export interface DerivedTotals {
  processes: number;
  lineageEdges: number;
  columnEdges: number;
  /** Of every object its distinct warnings. */
  readonly warnings: string[];
}

/** Adds up what is derived of all objects, by producer: in this run or an earlier one, by whatever process. */
export function readDerivedTotals(transport: Transport): Promise<ReadonlyMap<string, DerivedTotals>> {
  return transport.transactions.view((table) => {
    const totals = new Map<string, DerivedTotals>();
    for (const { producer, processes, lineageEdges, columnEdges, warnings } of rememberedObjects(table)) {
      const of = totals.get(producer) ?? { processes: 0, lineageEdges: 0, columnEdges: 0, warnings: [] };
      totals.set(producer, of);
      of.processes += processes;
      of.lineageEdges += lineageEdges;
      of.columnEdges += columnEdges;
      of.warnings.push(...warnings);
    }
    return totals;
  });
}
