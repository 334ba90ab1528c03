/** The specs of this project start the built function where they would start the application. */
process.env['TEST_FRONT'] = 'lambda';
