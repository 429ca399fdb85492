/** Sets of keywords. A word counts as a keyword only where no dot stands beside it. */
import { codeOf, keywordCode } from './interned.ts';

/** Keywords by their numbers: a look into an array, where a set of texts would have to look for the text. */
export class Words {
  private members = new Uint8Array(1_024);

  /** From words in upper case, separated by white space, and other sets. */
  constructor(text: string, ...others: readonly Words[]) {
    for (const word of text.trim().split(/\s+/)) this.add(keywordCode(word));
    for (const other of others)
      for (const [code, member] of other.members.entries()) if (member === 1) this.add(code);
  }

  private add(code: number): void {
    if (code >= this.members.length) {
      const larger = new Uint8Array(code * 2);
      larger.set(this.members);
      this.members = larger;
    }
    this.members[code] = 1;
  }

  /** True if the keyword of the number is one of them. */
  has(code: number): boolean {
    return this.members[code] === 1;
  }

  /** The same by the word in upper case. */
  hasText(upper: string): boolean {
    return this.has(codeOf(upper));
  }
}

/** A set from words separated by white space. */
export function words(text: string, ...others: readonly Words[]): Words {
  return new Words(text, ...others);
}

/** Words inside expressions that are never columns. */
export const expressionKeywords = words(`
  AND OR NOT IN IS NULL LIKE ILIKE RLIKE REGEXP BETWEEN DISTINCT ALL ANY SOME BY ASC DESC FROM FOR TRUE FALSE ESCAPE
  NULLS IGNORE RESPECT SEPARATOR CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME CURRENT_USER SESSION_USER SYSTEM_USER
  LOCALTIME LOCALTIMESTAMP SYSDATE SYSTIMESTAMP ROWNUM DEFAULT SIMILAR TO DIV MOD XOR ISNULL NOTNULL UNKNOWN LEADING
  TRAILING BOTH SELECT HAVING UNION EXISTS ORDER PARTITION GROUP WHERE USING ON PRIOR WITH THEN ELSE WHEN CONNECT_BY_ROOT NOCYCLE OVERLAPS
`);

/** Functions that make one value of many rows. */
export const aggregates = words(`
  SUM AVG MIN MAX COUNT COUNT_BIG COUNT_IF COUNTIF SUM_IF STDEV STDEVP STDDEV STDDEV_POP STDDEV_SAMP VAR VARP VAR_POP VAR_SAMP
  VARIANCE STRING_AGG LISTAGG GROUP_CONCAT ARRAY_AGG COLLECT_LIST COLLECT_SET JSON_AGG JSONB_AGG JSON_OBJECT_AGG
  JSONB_OBJECT_AGG JSON_ARRAYAGG JSON_OBJECTAGG OBJECT_AGG XMLAGG ANY_VALUE ARBITRARY MEDIAN PERCENTILE_CONT PERCENTILE_DISC
  APPROX_COUNT_DISTINCT APPROX_DISTINCT APPROX_PERCENTILE BIT_AND BIT_OR BOOL_AND BOOL_OR EVERY CORR COVAR_POP COVAR_SAMP
  CHECKSUM_AGG GROUPING HLL MAX_BY MIN_BY WM_CONCAT QUANTILE UNIQ TOTAL
`);

/** Parts of a date, where they stand without quotes. */
export const dateUnits = words(`
  NANOSECOND MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR DECADE CENTURY MILLENNIUM ISOWEEK ISOYEAR DAYOFWEEK
  DAYOFYEAR DOW DOY ISODOW EPOCH NANOSECONDS MICROSECONDS MILLISECONDS SECONDS MINUTES HOURS DAYS WEEKS MONTHS QUARTERS YEARS
  SECOND_MICROSECOND MINUTE_SECOND HOUR_MINUTE HOUR_SECOND DAY_HOUR DAY_MINUTE DAY_SECOND YEAR_MONTH
`);

/** Functions whose first argument is a condition. */
export const conditionalFunctions = words('IF IIF DECODE NVL2 IFF');

/** Words that begin a clause after a select list, at the depth of its SELECT. */
export const clauseWords = words(`
  FROM WHERE GROUP ORDER HAVING UNION EXCEPT INTERSECT MINUS INTO LIMIT WINDOW QUALIFY OPTION FOR OFFSET FETCH CLUSTER DISTRIBUTE
  SORT CONNECT START BULK PREWHERE WITH LOG ON RETURNING SETTINGS FORMAT
`);

/** Words that end an ON condition or a source of a FROM clause. */
export const joinWords = words(`
  JOIN INNER LEFT RIGHT FULL CROSS OUTER NATURAL STRAIGHT_JOIN LATERAL ASOF ANTI SEMI PIVOT UNPIVOT ON USING GLOBAL APPLY POSITIONAL
`);

/** Words that end a data-changing clause. */
const changeWords = words('SET WHEN VALUES OUTPUT RETURNING OPTION THEN');

/** Words that cannot be an alias without AS. */
export const notAliases = words(
  `
    WITH AS TABLESAMPLE SELECT AND OR END ELSE CASE IS NOT IN LIKE BETWEEN PARTITION MATCH_RECOGNIZE BY COLLATE AT INSERT UPDATE DELETE
    MERGE EXEC EXECUTE IF WHILE BEGIN DECLARE RETURN CREATE DROP ALTER TRUNCATE GO LOOP DO FINAL SAMPLE ANY ALL FORCE IGNORE USE KEY LOG
    ERRORS
  `,
  clauseWords,
  joinWords,
  changeWords,
);

/** Words that stand at the end of an expression and so may be followed by an alias. */
export const expressionEnds = words(`
  END NULL TRUE FALSE CURRENT_TIMESTAMP CURRENT_DATE CURRENT_TIME CURRENT_USER SYSDATE SYSTIMESTAMP DEFAULT UNKNOWN ROWNUM SESSION_USER
  SYSTEM_USER ISNULL NOTNULL
`);

/** Types that may stand before a string. */
export const typedLiterals = words('DATE TIME TIMESTAMP DATETIME TIMESTAMPTZ NUMERIC JSON');

/** Words before a sub-query that is compared with. */
export const subqueryPredicates = words('IN ANY ALL SOME');

/** Units of a window's frame. */
export const frameUnits = words('ROWS RANGE GROUPS');

/** The words of CASE. */
export const caseWords = words('CASE WHEN THEN ELSE END');

/** T-SQL's predicates over graphs. */
export const graphPredicates = words('MATCH SHORTEST_PATH');

/** Functions of T-SQL whose first argument is a type. */
export const convertFunctions = words('CONVERT TRY_CONVERT');

/** What stands in Oracle's KEEP. */
export const orderedAggregates = words('DENSE_RANK');

/** Every word that an expression may hold as syntax; any other one is a name. */
export const syntaxWords = words(
  'KEEP WITHIN NEXT OVER FILTER EXISTS AS INTERVAL COLLATE NULLS AT $ACTION GROUPING CURRENT APPROXIMATE SIBLINGS DISTRIBUTE SORT LIMIT FORMAT JSON PASSING ERROR BINARY',
  expressionKeywords,
  caseWords,
  frameUnits,
  subqueryPredicates,
  typedLiterals,
);
