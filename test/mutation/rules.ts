import { clusterRules } from './cluster-rules.ts';
import { machineRules } from './machine-rules.ts';
import type { Rule } from './rule.ts';

/** What nobody may break unnoticed: who decides, who may run twice, whom to trust, what is lost for ever. */
export const rules: readonly Rule[] = [...clusterRules, ...machineRules];
