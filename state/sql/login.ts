/** Where a database is, and who logs in to it. */
export interface SqlLogin {
  readonly host: string;
  /** @default the usual one of the database */
  readonly port?: number | undefined;
  readonly database: string;
  readonly user: string;
  readonly password?: string | undefined;
  readonly ssl?: boolean | { readonly ca?: string; readonly rejectUnauthorized: boolean } | undefined;
}
