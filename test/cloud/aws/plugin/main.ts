import { serve } from '../../plugin/serve.ts';
import { createPlugin } from './plugin.ts';

serve('aws', createPlugin);
