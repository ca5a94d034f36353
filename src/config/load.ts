import type { Config, ConfigFile } from './config.js';
import { ConfigError, type Finding, formatFinding } from './finding.js';
import { interpret, isWithin } from './interpret.js';
import { inheritFromPeerGroups } from './peer-groups.js';
import { Source } from './source.js';
import { readConfigText } from './text.js';
import { validate } from './validate.js';

/** Reads and checks a file. Throws ConfigError, also where the file cannot be read. */
export function loadConfig(path: string): Config {
  return parseConfig(readConfigText(path), path);
}

/** As `parseConfigFile`, and what the file means alone. */
export function parseConfig(text: string, fileName: string): Config {
  return parseConfigFile(text, fileName).config;
}

/**
 * Checks the text of a file; `fileName` is for the findings. Throws ConfigError with every fault that can be found at
 * once; only a fault of the YAML that leaves nothing to read hides those of the rest. `config` is what `interpret` makes of
 * `file`.
 */
export function parseConfigFile(text: string, fileName: string): { file: ConfigFile; config: Config } {
  const source = new Source(text, fileName);
  const findings = source.syntaxFindings();
  if (!source.readable) throw rejected(findings);
  const content = source.value();
  source.setOrigins(inheritFromPeerGroups(content));
  const { file, faulty, findings: faults } = validate(content, source);
  findings.push(...faults);
  if (!file) throw rejected(findings);
  const config = interpret(file, (path, fault, ...others) => {
    // What a stand-in leads to is no fault of the file
    if (![path, ...others].some((place) => isWithin(place, faulty)))
      findings.push(source.finding(path, fault));
  });
  if (findings.length > 0) throw rejected(findings);
  return { file, config };
}

/** A fault that several neighbors have of one peer group is reported once. */
function rejected(findings: Finding[]): ConfigError {
  const each = new Map(findings.map((finding) => [formatFinding(finding), finding]));
  return new ConfigError([...each.values()].toSorted((a, b) => a.line - b.line || a.column - b.column));
}
