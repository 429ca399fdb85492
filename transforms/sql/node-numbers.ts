/** Tables and their columns as small numbers, for the graph: a pair of numbers costs less than a pair of texts. */
import { columnKey } from './scope.ts';

/** Numbers tables by their node, and columns by table and name without regard to case. */
export class NodeNumbers {
  private readonly numbers = new Map<string | null, number>();
  private readonly columnNumbers = new Map<string | null, Map<string, number>>();
  private readonly hiddenNodes: boolean[] = [];
  private readonly tables: (string | null)[] = [];
  private readonly isHidden: (node: string) => boolean;

  constructor(isHidden: (node: string) => boolean) {
    this.isHidden = isHidden;
  }

  /** The number of a table; null stands for the result of a bare query. */
  ofTable(table: string | null): number {
    let number = this.numbers.get(table);
    if (number === undefined) {
      number = this.next(table);
      this.numbers.set(table, number);
    }
    return number;
  }

  /** The number of a column. */
  ofColumn(table: string | null, column: string): number {
    let own = this.columnNumbers.get(table);
    if (own === undefined) {
      own = new Map();
      this.columnNumbers.set(table, own);
    }
    const key = columnKey(column);
    let number = own.get(key);
    if (number === undefined) {
      number = this.next(table);
      own.set(key, number);
    }
    return number;
  }

  /** True for a table, or a column of a table, that is left out. */
  hidden(number: number): boolean {
    return this.hiddenNodes[number] === true;
  }

  /** The table of a number. */
  tableOf(number: number): string | null {
    return this.tables[number] ?? null;
  }

  private next(table: string | null): number {
    this.tables.push(table);
    return this.hiddenNodes.push(table !== null && this.isHidden(table)) - 1;
  }
}
