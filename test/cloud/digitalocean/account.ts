import { found, ok, page, type Routes } from './answer.ts';
import { findImage, images, regions, sizes } from './catalog.ts';
import type { Cloud } from './cloud.ts';

/** What an account is and what it can have. */
export function accountRoutes({ dropletLimit }: Cloud): Routes {
  return {
    'GET /v2/account': () =>
      ok({
        account: {
          droplet_limit: dropletLimit,
          floating_ip_limit: 3,
          volume_limit: 100,
          email: 'sammy@example.com',
          name: 'Sammy the Shark',
          uuid: 'b6fr89dbf6d9156cace5f3c78dc9851d957381ef',
          email_verified: true,
          status: 'active',
          status_message: '',
        },
      }),
    'GET /v2/regions': (call) => page(call, 'regions', regions),
    'GET /v2/sizes': (call) => page(call, 'sizes', sizes),
    'GET /v2/images': (call) => page(call, 'images', call.query.get('private') === 'true' ? [] : images),
    'GET /v2/images/:image': ({ params }) => ok({ image: found(findImage(params.image ?? '')) }),
  };
}
