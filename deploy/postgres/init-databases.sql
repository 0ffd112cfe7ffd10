-- The databases of the platform and a role for each owner, made once, when the server's volume is empty.
-- A role owns its database and no other. The Labeler's may connect to the shared users; what it reads there,
-- `tributary db init` grants when the table is made: SELECT on users and nothing else.

CREATE ROLE platform_user LOGIN PASSWORD 'platform_dev';
CREATE ROLE users_user LOGIN PASSWORD 'users_dev';
CREATE ROLE labeler_user LOGIN PASSWORD 'labeler_dev';
CREATE ROLE pic_user LOGIN PASSWORD 'pic_password';
CREATE ROLE crosslogic LOGIN PASSWORD 'crosslogic_dev';
CREATE ROLE skypilot LOGIN PASSWORD 'skypilot_dev';
CREATE ROLE gpudev LOGIN PASSWORD 'gpudev_dev';
CREATE ROLE mlops LOGIN PASSWORD 'mlops_dev';

ALTER DATABASE platform OWNER TO platform_user;
CREATE DATABASE users OWNER users_user;
CREATE DATABASE labeler OWNER labeler_user;
CREATE DATABASE pic_db OWNER pic_user;
CREATE DATABASE crosslogic_iaas OWNER crosslogic;
CREATE DATABASE skypilot_state OWNER skypilot;
CREATE DATABASE gpudev OWNER gpudev;
CREATE DATABASE mlops OWNER mlops;

REVOKE CONNECT ON DATABASE platform, users, labeler, pic_db, crosslogic_iaas, skypilot_state, gpudev, mlops FROM PUBLIC;
GRANT CONNECT ON DATABASE users TO labeler_user;

\connect platform
ALTER SCHEMA public OWNER TO platform_user;
\connect users
ALTER SCHEMA public OWNER TO users_user;
GRANT USAGE ON SCHEMA public TO labeler_user;
\connect labeler
ALTER SCHEMA public OWNER TO labeler_user;
\connect pic_db
ALTER SCHEMA public OWNER TO pic_user;
\connect crosslogic_iaas
ALTER SCHEMA public OWNER TO crosslogic;
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION pgcrypto;
\connect skypilot_state
ALTER SCHEMA public OWNER TO skypilot;
\connect gpudev
ALTER SCHEMA public OWNER TO gpudev;
\connect mlops
ALTER SCHEMA public OWNER TO mlops;
