package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"

	_ "github.com/go-sql-driver/mysql" // its driver
	_ "github.com/jackc/pgx/v5/stdlib" // its driver
)

func openPostgres(ctx context.Context, o Options, name string) (*database, error) {
	dsn, err := sqlstore.PostgreSQLDSN(o.Store)
	if err != nil {
		return nil, err
	}
	return openSQL(ctx, o, "pgx", dsn, sqlstore.Options{Dialect: sqlstore.PostgreSQL, Table: name}, postgresCounter)
}

// postgresCounter asks pg_stat_statements, which knows the statements of one table
// apart; or, where the extension is not installed, for all transactions in the
// database, which PostgreSQL tells up to ten seconds late.
func postgresCounter(ctx context.Context, db *sql.DB, table string) (*counter, error) {
	var installed bool
	if err := db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM pg_extension WHERE extname = 'pg_stat_statements'").Scan(&installed); err != nil {
		return nil, err
	}
	if installed {
		return &counter{source: "pg_stat_statements", exact: true, read: func(ctx context.Context) (n int64, err error) {
			err = db.QueryRowContext(ctx, "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE toplevel AND query LIKE $1", `%"`+table+`"%`).Scan(&n)
			return n, err
		}}, nil
	}
	return &counter{source: "pg_stat_database, some seconds late", read: func(ctx context.Context) (n int64, err error) {
		err = db.QueryRowContext(ctx, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()").Scan(&n)
		return n, err
	}}, nil
}

func openMySQL(ctx context.Context, o Options, name string) (*database, error) {
	dsn, err := sqlstore.MySQLDSN(o.Store)
	if err != nil {
		return nil, err
	}
	return openSQL(ctx, o, "mysql", dsn, sqlstore.Options{Dialect: sqlstore.MySQL, Table: name}, mysqlCounter)
}

// mysqlCounter reads what the whole server was asked, less what it is asked here.
func mysqlCounter(_ context.Context, db *sql.DB, _ string) (*counter, error) {
	own := int64(0)
	return &counter{source: "the server's Questions", exact: true, read: func(ctx context.Context) (n int64, err error) {
		var variable string
		if err := db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Questions'").Scan(&variable, &n); err != nil {
			return 0, err
		}
		own++
		return n - own, nil
	}}, nil
}

// openRedis takes redis://host:port and redis+cluster://host:port,host:port, with
// insecure_async=1 for a server that has no replica.
func openRedis(ctx context.Context, o Options, name string) (*database, error) {
	u, err := url.Parse(o.Store)
	if err != nil || u.Host == "" {
		return nil, errors.New("load: want redis://host:port or redis+cluster://host:port,host:port")
	}
	options := redis.UniversalOptions{Addrs: strings.Split(u.Host, ","), IsClusterMode: u.Scheme == "redis+cluster", PoolSize: o.Connections, Username: u.User.Username()}
	options.Password, _ = u.User.Password()
	client := redisstore.NewClient(&options)
	s, err := redisstore.Open(ctx, client, redisstore.Options{Prefix: name, InsecureAsync: u.Query().Get("insecure_async") == "1"})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load: %w", err), client.Close())
	}
	return &database{store: s, counter: redisCounter(client), close: func(ctx context.Context) error {
		return errors.Join(onMasters(ctx, client, func(ctx context.Context, node redis.Cmdable) error { return drop(ctx, node, name+"{*") }), client.Close())
	}}, nil
}

// onMasters runs f on every server that takes writes, several at a time.
func onMasters(ctx context.Context, client redis.UniversalClient, f func(context.Context, redis.Cmdable) error) error {
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return f(ctx, node) })
	}
	return f(ctx, client)
}

func drop(ctx context.Context, node redis.Cmdable, pattern string) error {
	keys := node.Scan(ctx, 0, pattern, 1000).Iterator()
	for keys.Next(ctx) {
		if err := node.Unlink(ctx, keys.Val()).Err(); err != nil {
			return err
		}
	}
	return keys.Err()
}

// sent are the commands that the store sends. INFO counts those within its scripts
// besides, which are others.
var sent = []string{"get", "evalsha", "eval", "wait", "multi", "exec", "asking"}

func redisCounter(client redis.UniversalClient) *counter {
	return &counter{source: "INFO commandstats", exact: true, read: func(ctx context.Context) (int64, error) {
		var mu sync.Mutex
		total := int64(0)
		err := onMasters(ctx, client, func(ctx context.Context, node redis.Cmdable) error {
			info, err := node.Info(ctx, "commandstats").Result()
			mu.Lock()
			defer mu.Unlock()
			total += calls(info)
			return err
		})
		return total, err
	}}
}

func calls(info string) (total int64) {
	for line := range strings.Lines(info) {
		for _, name := range sent {
			var n int64
			if _, err := fmt.Sscanf(line, "cmdstat_"+name+":calls=%d,", &n); err == nil {
				total += n
			}
		}
	}
	return total
}
