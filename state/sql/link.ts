import { StreamError } from '../../pipeline/errors.ts';
import { Serial } from '../../pipeline/serial.ts';
import type { SqlConnection, SqlDatabase, SqlTables } from './database.ts';

/** The connection of a store: made when it is needed, and anew after it was cut. Work is done one after the other. */
export class Link {
  readonly #database: SqlDatabase;
  readonly #tables: SqlTables;
  readonly #serial = new Serial();
  #connection: SqlConnection | undefined;
  #isClosed = false;

  constructor(database: SqlDatabase, tables: SqlTables) {
    this.#database = database;
    this.#tables = tables;
  }

  /** Work may run twice: once more where the connection was cut, as those are that nobody used for a while. */
  async run<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    return this.#serial.run(async () => {
      this.#refuseWhenClosed();
      const isFresh = this.#connection === undefined;
      try {
        return await this.#once(work);
      } catch (thrown) {
        if (isFresh || !this.#database.isCut(thrown)) throw this.#database.faultOf(thrown);
      }
      try {
        return await this.#once(work);
      } catch (thrown) {
        throw this.#database.faultOf(thrown);
      }
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.#serial.run(() => this.#cut());
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed)
      throw new StreamError('STATE_UNAVAILABLE', 'The state store was used after it had been closed.');
  }

  async #once<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    try {
      this.#connection ??= await this.#connected();
      return await work(this.#connection);
    } catch (thrown) {
      // Whatever went wrong, no transaction of it stays open.
      if (!(thrown instanceof StreamError)) await this.#cut();
      throw thrown;
    }
  }

  async #connected(): Promise<SqlConnection> {
    const connection = await this.#database.connect();
    try {
      await this.#makeTables(connection);
      return connection;
    } catch (thrown) {
      await connection.close();
      throw thrown;
    }
  }

  /** Who may only read and write rows needs no right to make tables once they are there. */
  async #makeTables(connection: SqlConnection): Promise<void> {
    const look = async (): Promise<void> => {
      for (const table of [this.#tables.state, this.#tables.fences])
        await connection.query(`SELECT 1 AS one FROM ${table} WHERE 1 = 0`, []);
    };
    try {
      return await look();
    } catch (thrown) {
      if (!this.#database.isMissing(thrown)) throw thrown;
    }
    let failure: unknown;
    for (const statement of this.#database.create(this.#tables)) {
      await connection.query(statement, []).catch((thrown: unknown) => {
        failure ??= thrown; // another process makes them at the same time
      });
    }
    await look().catch((thrown: unknown) => {
      throw failure ?? thrown;
    });
  }

  async #cut(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }
}
