/**
 * What Microsoft's published schema of tasks says of the elements that our recipe may use: their order, how often they may come, and what their text may be.
 * Facts from the XSD on the page "Task Scheduler Schema" (learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema), in words of our own.
 */
import { SaxesParser } from 'saxes';

/** Namespace of tasks. */
export const taskNamespace = 'http://schemas.microsoft.com/windows/2004/02/mit/task';

interface Rule {
  /** Children by name; an array holds alternatives, one of which comes. */
  readonly children?: readonly (readonly [names: string, rule: Rule, needed?: 'needed'])[];
  /** Whether the children come in that order. @default in any order, each once at the most */
  readonly inOrder?: boolean;
  readonly text?: RegExp;
  readonly attributes?: Readonly<Record<string, RegExp>>;
}

const any: Rule = { text: /^[^]*$/u };
const boolean: Rule = { text: /^(?:true|false|0|1)$/u };
const some: Rule = { text: /^[^]+$/u };
const path: Rule = { text: /^[^]{1,260}$/u };
const time: Rule = { text: /^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/u };
const duration: Rule = {
  text: /^-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/u,
};
const empty: Rule = { text: /^$/u };
const id = { id: /^[\p{L}_][\p{L}\p{N}._-]*$/u };

const days: Rule = {
  children: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'].map((day) => [
    day,
    empty,
  ]),
};
const repetition: Rule = {
  children: [
    ['Interval', duration, 'needed'],
    ['Duration', duration],
    ['StopAtDurationEnd', boolean],
  ],
};
const calendarTrigger: Rule = {
  inOrder: true,
  attributes: id,
  children: [
    ['Enabled', boolean],
    ['StartBoundary', time],
    ['EndBoundary', time],
    ['Repetition', repetition],
    ['ExecutionTimeLimit', duration],
    ['RandomDelay', duration],
    [
      'ScheduleByDay|ScheduleByWeek',
      {
        children: [
          ['DaysInterval', { text: /^(?:[1-9]|[1-9]\d|[12]\d\d|3[0-5]\d|36[0-5])$/u }],
          ['WeeksInterval', { text: /^(?:[1-9]|[1-4]\d|5[0-2])$/u }],
          ['DaysOfWeek', days],
        ],
      },
      'needed',
    ],
  ],
};
const settings: Rule = {
  children: [
    ['MultipleInstancesPolicy', { text: /^(?:Parallel|Queue|IgnoreNew|StopExisting)$/u }],
    ...[
      'AllowStartOnDemand',
      'DisallowStartIfOnBatteries',
      'StopIfGoingOnBatteries',
      'AllowHardTerminate',
      'StartWhenAvailable',
      'RunOnlyIfNetworkAvailable',
      'WakeToRun',
      'Enabled',
      'Hidden',
      'RunOnlyIfIdle',
    ].map((name) => [name, boolean] as const),
    ['DeleteExpiredTaskAfter', duration],
    ['ExecutionTimeLimit', duration],
    ['Priority', { text: /^(?:\d|10)$/u }],
  ],
};
const principal: Rule = {
  attributes: id,
  children: [
    ['UserId', some],
    ['LogonType', { text: /^(?:S4U|Password|InteractiveToken|InteractiveTokenOrPassword)$/u }],
    ['GroupId', some],
    ['DisplayName', any],
    ['RunLevel', { text: /^(?:LeastPrivilege|HighestAvailable)$/u }],
  ],
};
const task: Rule = {
  attributes: { version: /^1\.3$/u },
  children: [
    [
      'RegistrationInfo',
      {
        children: [
          ...['URI', 'Source', 'Author', 'Version', 'Description', 'Documentation'].map(
            (name) => [name, any] as const,
          ),
          ['Date', time],
        ],
      },
    ],
    ['Triggers', { children: [['CalendarTrigger', calendarTrigger]] }],
    ['Settings', settings],
    ['Principals', { children: [['Principal', principal, 'needed']] }],
    [
      'Actions',
      {
        attributes: { Context: id.id },
        children: [
          [
            'Exec',
            {
              attributes: id,
              children: [
                ['Command', path, 'needed'],
                ['Arguments', any],
                ['WorkingDirectory', path],
              ],
            },
            'needed',
          ],
        ],
      },
      'needed',
    ],
  ],
};

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** What is wrong with a task by the schema; empty where nothing is. Throws where it is not well-formed. */
export function taskFaults(xml: string): readonly string[] {
  const document: Element = { name: '', attributes: {}, children: [], text: '' };
  const open: Element[] = [document];
  const faults: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('opentag', ({ local, uri, attributes }) => {
    if (uri !== taskNamespace) faults.push(`${local} is not in the namespace of tasks`);
    const own = Object.values(attributes).filter(({ name }) => !name.startsWith('xmlns'));
    const element: Element = {
      name: local,
      attributes: Object.fromEntries(own.map(({ name, value }) => [name, value])),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (text) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  faults.push(
    ...faultsOf(document, { children: [['Task', task, 'needed']] }, ''),
    ...contextFaults(document),
  );
  return faults;
}

function faultsOf(element: Element, rule: Rule, at: string): readonly string[] {
  const { children = [], inOrder = false } = rule;
  const here = `${at}/${element.name}`;
  const faults: string[] = [...valueFaults(element, rule, here)];
  const places = element.children.map(({ name }) =>
    children.findIndex(([names]) => names.split('|').includes(name)),
  );
  for (const [index, child] of element.children.entries()) {
    const place = places[index] ?? -1;
    const found = children[place];
    if (found === undefined) faults.push(`${here} has no ${child.name}`);
    else faults.push(...faultsOf(child, found[1], here));
    if (places.indexOf(place) < index) faults.push(`${here} has ${child.name} twice`);
    if (inOrder && places.slice(0, index).some((before) => before > place))
      faults.push(`${here} has ${child.name} too late`);
  }
  for (const [place, [names, , needed]] of children.entries())
    if (needed !== undefined && !places.includes(place)) faults.push(`${here} lacks ${names}`);
  return faults;
}

function* valueFaults(element: Element, { text, attributes = {} }: Rule, here: string): Iterable<string> {
  for (const [name, value] of Object.entries(element.attributes))
    if (attributes[name]?.test(value) !== true) yield `${here}@${name} may not be "${value}"`;
  const content = text === undefined ? element.text.trim() : element.text;
  if (!(text ?? /^$/u).test(content)) yield `${here} may not be "${content}"`;
}

/** Actions run as a principal that is there. */
function contextFaults({ children: [root] }: Element): readonly string[] {
  const part = (name: string) => root?.children.find((child) => child.name === name);
  const context = part('Actions')?.attributes['Context'];
  const ids = part('Principals')?.children.map(({ attributes }) => attributes['id']) ?? [];
  return context === undefined || ids.includes(context) ? [] : [`there is no principal ${context}`];
}
