import { SetMetadata } from '@nestjs/common';

/** Metadata key of {@link Public}. */
export const IS_PUBLIC = 'isPublic';

/** Makes a route public. All other routes require a token. A test lists the public routes. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
