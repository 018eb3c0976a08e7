const templates = {
  'reverse-any': 'reverse turns every list around; confd left those of gets, jsonArray and seq as they were',
  'unknown-field': 'a misspelt setting of a template resource is refused; confd passed over it',
  'decimal-mode': 'a mode without its 0 is refused; confd read it as a decimal number',
};

/**
 * Where Flotilla differs from fleet and confd on purpose. By kind of vector and rule, never by a vector's id: a rule is a
 * property that the case itself found in what it was given and in what came out.
 */
export const exceptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  unitfile: {
    'line-length': 'systemd has read lines up to 1 MiB since version 235; 2048 bytes was an old limit',
  },
  'recognized-unit-type': {
    'name-type': 'all types that can be files count: slice, swap and target too, but no scope or snapshot',
  },
  'validate-name': {
    'name-type': 'scope, busname and snapshot units can not be given as files',
    'name-reserved': 'a unit that the machine itself runs on is refused: it would be replaced or stopped',
    'name-hidden': 'systemd passes over files that start with a dot',
    'name-length': 'systemd allows 255 bytes, fleet let 256 through',
  },
  'validate-options': {
    'unknown-option': 'an unknown option is refused everywhere, not by fleetctl alone',
    'unknown-section': 'a misspelt [X-Fleet] is refused; its constraints would be lost',
    'wrong-section': 'an option in the other of [X-Fleet] and [X-Flotilla] is refused',
    misread: 'options are refused that a unit file would hold as others; fleet took some of them',
    'machine-id': 'a machine id that no machine can have is refused at once',
    'machine-of': 'a MachineOf that is no unit name is refused at once',
    metadata: 'a malformed constraint is refused, fleet dropped it',
    glob: 'an empty or malformed glob is refused, fleet let it match nothing',
    boolean: 'a Global that is no boolean is refused, fleet took it for false',
    specifier: 'a specifier that nothing replaces is refused, fleet kept it as text',
    'line-length': 'systemd has read lines up to 1 MiB since version 235; 2048 bytes was an old limit',
  },
  'able-to-run': {
    'names-itself':
      'of two units that conflict, fleet named at times the one that was asked about; we name the other',
    'replace-circle': 'units that replace each other in a circle stay; fleet knew circles of two only',
  },
  'has-replace': {
    'replace-circle': 'units that replace each other in a circle stay; fleet knew circles of two only',
  },
  'schedule-decide': {
    spread: 'instances of one template go to machines with fewer of them first, then to the least loaded',
    'stays-away': 'a unit is not put where another would push it off at once (Replaces)',
  },
  'cluster-tasks': {
    spread: 'instances of one template go to machines with fewer of them first, then to the least loaded',
    'replaced-at-once':
      'a replaced unit leaves in the same schedule and is not put beside its replacer again; fleet took another round',
    'global-moved':
      'a replaced global unit only leaves the machine; fleet scheduled it to another, which already has it',
    circle: 'a MachineOf that leads in a circle never holds; fleet left a unit that was placed before it did',
    'replacer-too':
      'the replaced unit leaves, its replacer stays; fleet took both away where it found no other machine',
    'inactive-global': 'a global unit that is inactive is on no machine; fleet counted it',
  },
  'agent-tasks': {
    'stop-first': 'all units that shall stop are stopped before files change; fleet changed files first',
    'inactive-unit': 'a unit whose file is not on the machine is not there at all; fleet unloaded it again',
  },
  'agent-tasks-unit': {
    'inactive-unit': 'a unit whose file is not on the machine is not there at all; fleet unloaded it again',
  },
  'page-extract': {
    'page-overflow':
      'pages are counted beyond 65535 items and there is no page 0; fleet counted from the start again',
  },
  template: templates,
  'template-resource': templates,
};
