import { localVerb, type Verb } from './command.ts';
import { templateRender } from './template-render.ts';

export const template: Verb = (context) =>
  localVerb('template', {
    summary: 'try out templates of configuration files',
    description:
      "Templates are confd's: Go's template syntax over the cluster's keys. docs/templates.md has it all.",
    examples: ['template render nginx.conf.tmpl --keys keys.yaml', 'template render conf.d/nginx.toml'],
  }).addCommand(templateRender(context));
